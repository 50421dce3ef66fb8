import * as z from 'zod';
import { platformSettings } from '../../lib/config/platform-settings.js';
import { fromHex } from '../../lib/util/crypto.js';
import { checked } from '../http/validate.js';
import { objectIn } from './json.js';
import { latch, secrets, select } from './setup.js';
import type { OpenSource } from './source.js';
import { collected, ignored, orderFor, reasonFrom, stopper } from './stop-request.js';
import { requireHmac, requireRecent } from './verify-signature.js';

export const settingsSchema = z.object({ SECRET: secrets, SELECT: select, LATCH: latch });

const deliverySchema = z.looseObject({
  event: z.looseObject({
    id: z.string(),
    event_type: z.string(),
    occurred_at: z.string(),
    data: z.looseObject({}),
  }),
});

/** The other types say that someone works on an incident, or that it is over. */
const OPENING = ['incident.triggered', 'incident.reopened'];

/** `v1=<hex>`, several separated by commas. If one is malformed, none counts. */
function signaturesIn(header: string): (Uint8Array | undefined)[] {
  const parts = header.split(',');
  if (!parts.every(part => /^v\d+=[0-9a-f]+$/.test(part))) return [];
  return parts.filter(part => part.startsWith('v1=')).map(part => fromHex(part.slice('v1='.length)));
}

/**
 * PagerDuty webhooks, version 3.
 * @see https://developer.pagerduty.com/docs/verifying-signatures
 */
export const pagerduty: OpenSource = settings => {
  const set = platformSettings(settings, 'PAGERDUTY', settingsSchema);
  if (!set) return undefined;
  return {
    async read({ headers, body, now }) {
      await requireHmac(set.SECRET, body, signaturesIn(headers.get('x-pagerduty-signature') ?? ''));
      const given = objectIn(body);
      const { event } = checked(deliverySchema, given);
      requireRecent(event.occurred_at, now);
      if (!OPENING.includes(event.event_type)) return ignored(`the event is ${event.event_type}`);
      const order = await orderFor(given['event'], {
        select: set.SELECT,
        latch: set.LATCH,
        reason: reasonFrom(event.data['title']),
        identity: [event.id],
      });
      return collected(stopper('pagerduty', set.LATCH), [order]);
    },
  };
};
