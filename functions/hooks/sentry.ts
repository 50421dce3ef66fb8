import * as z from 'zod';
import { platformSettings } from '../../lib/config/platform-settings.js';
import { fromHex } from '../../lib/util/crypto.js';
import { checked } from '../http/validate.js';
import { objectIn } from './json.js';
import { latch, secret, select } from './setup.js';
import type { OpenSource } from './source.js';
import { collected, ignored, orderFor, reasonFrom, stopper } from './stop-request.js';
import { requireHmac, requireRecent, WITHIN_MEMORY } from './verify-signature.js';

export const settingsSchema = z.object({ SECRET: secret, SELECT: select, LATCH: latch });

/** What issue alerts and metric alerts need. The resource and the time in the headers are not signed, so not used. */
const deliverySchema = z.looseObject({
  action: z.string(),
  data: z.looseObject({
    event: z.looseObject({}).optional(),
    metric_alert: z.looseObject({}).optional(),
  }),
});

/** Turns Sentry's list of tag pairs into an object, so that a mapping can name a tag. */
function tagsByName(event: Record<string, unknown>): Record<string, unknown> {
  const { tags } = event;
  return Array.isArray(tags) && tags.every(tag => Array.isArray(tag) && tag.length === 2)
    ? { ...event, tags: Object.fromEntries(tags.filter(([name]) => typeof name === 'string')) }
    : event;
}

/**
 * Sentry's integration platform: issue alerts that fire, and metric alerts that become critical.
 * @see https://docs.sentry.io/organization/integrations/integration-platform/webhooks/
 */
export const sentry: OpenSource = settings => {
  const set = platformSettings(settings, 'SENTRY', settingsSchema);
  if (!set) return undefined;
  return {
    async read({ headers, body, now }) {
      await requireHmac([set.SECRET], body, [fromHex(headers.get('sentry-hook-signature') ?? '')]);
      const given = objectIn(body);
      const { action, data } = checked(deliverySchema, given);
      const { event, metric_alert: metric } = data;
      const fires = action === 'triggered' ? event : action === 'critical' ? metric : undefined;
      if (!fires) return ignored(`the event is ${action}, not a firing alert`);
      const { received, datetime, date_detected: detected } = fires;
      requireRecent(received ?? datetime ?? detected, now, WITHIN_MEMORY);
      const view = { ...given, data: { ...data, ...(event && { event: tagsByName(event) }) } };
      const order = await orderFor(view, {
        select: set.SELECT,
        latch: set.LATCH,
        reason: reasonFrom(data['triggered_rule'], data['description_title'], fires['title']),
        identity: [body],
      });
      return collected(stopper('sentry', set.LATCH), [order]);
    },
  };
};
