import * as z from 'zod';
import { platformSettings } from '../../lib/config/platform-settings.js';
import { agentIdSchema } from '../../lib/domain/agent.js';
import { killAllBodySchema, killBodySchema } from '../../lib/domain/command.js';
import { selectorSchema } from '../../lib/domain/selector.js';
import { digest } from '../../lib/store/idempotency.js';
import { concat, fromBase64, isEd25519, isFresh, isHmac } from '../../lib/util/crypto.js';
import { omitUndefined } from '../../lib/util/omit-undefined.js';
import { checked, refusePrototype } from '../http/validate.js';
import { objectIn } from './json.js';
import { latch, selectEverything } from './setup.js';
import type { OpenSource, ParsedDelivery } from './source.js';
import { killAllOrder, killOrder } from './stop-order.js';
import { ignored, isEverything, stopper } from './stop-request.js';
import { unproven } from './verify-signature.js';

const TOLERANCE_SECONDS = 300;
/** The least for a shared key, by the standard; the length of an Ed25519 key, by RFC 8032. */
const [KEY_BYTES, PUBLIC_KEY_BYTES] = [24, 32];

type Key = { readonly version: 'v1' | 'v1a'; readonly bytes: Uint8Array };

function keyIn(word: string): Key | undefined {
  const [, kind, text = ''] = /^(whsec|whpk)_(.*)$/.exec(word) ?? [];
  const bytes = fromBase64(text);
  if (kind === 'whsec' && bytes && bytes.byteLength >= KEY_BYTES) return { version: 'v1', bytes };
  if (kind === 'whpk' && bytes?.byteLength === PUBLIC_KEY_BYTES) return { version: 'v1a', bytes };
  return undefined;
}

export const settingsSchema = z.object({
  SECRET: z
    .string()
    .transform(text => text.trim().split(/\s+/).map(keyIn))
    .refine(
      keys => keys.every(key => key !== undefined),
      `must be whsec_ and at least ${KEY_BYTES} bytes in base64, or whpk_ and an Ed25519 key; several separated by spaces`,
    )
    .transform(keys => keys.filter(key => key !== undefined))
    .describe('`whsec_…`, or an Ed25519 key `whpk_…`; several separated by spaces.'),
  SELECT: selectEverything,
  LATCH: latch,
});
type Set = z.output<typeof settingsSchema>;

const envelope = { timestamp: z.string().optional() };
const deliverySchema = z.discriminatedUnion('type', [
  z.strictObject({
    ...envelope,
    type: z.literal('killswitch.kill'),
    data: killBodySchema.pick({ reason: true, graceSeconds: true }).extend({ agentId: agentIdSchema }),
  }),
  z.strictObject({
    ...envelope,
    type: z.literal('killswitch.kill-all'),
    data: killAllBodySchema.pick({ reason: true, latch: true }).extend({ selector: selectorSchema }),
  }),
]);
const TYPES: readonly unknown[] = ['killswitch.kill', 'killswitch.kill-all'];

/** `v1,<base64>`, several separated by spaces. If one is malformed, none counts. */
function signaturesIn(
  header: string,
): { readonly version: string; readonly bytes: Uint8Array | undefined }[] {
  const parts = header.split(' ').map(part => /^(v\w+),([\w+/=-]+)$/.exec(part));
  if (parts.includes(null)) return [];
  return parts.map(part => ({ version: part?.[1] ?? '', bytes: fromBase64(part?.[2] ?? '') }));
}

async function isSigned(headers: Headers, body: Uint8Array, keys: readonly Key[]): Promise<boolean> {
  const signed = concat(`${headers.get('webhook-id')}.${headers.get('webhook-timestamp')}.`, body);
  for (const shown of signaturesIn(headers.get('webhook-signature') ?? '')) {
    for (const key of keys.filter(({ version }) => version === shown.version)) {
      const holds = key.version === 'v1' ? isHmac : isEd25519;
      if (await holds(key.bytes, signed, shown.bytes)) return true;
    }
  }
  return false;
}

function ordersIn(given: Record<string, unknown>, set: Set, key: string): ParsedDelivery {
  const { type } = given;
  if (typeof type === 'string' && !TYPES.includes(type)) return ignored(`the type is ${type}`);
  const delivery = checked(deliverySchema, given);
  const actor = stopper('webhook', set.LATCH);
  if (delivery.type === 'killswitch.kill') {
    const { agentId, ...words } = delivery.data;
    return { actor, orders: [killOrder(agentId, omitUndefined(words), key)], ignored: [] };
  }
  const { selector, reason, latch = set.LATCH } = delivery.data;
  if (isEverything(selector) && set.SELECT === undefined) {
    return ignored('this would stop every agent, which only KILLSWITCH_WEBHOOK_SELECT=everything allows');
  }
  // Without permission to latch it still stops: refusing would leave every agent running.
  const order = killAllOrder(
    omitUndefined({ reason, selector, latch: (latch && set.LATCH) || undefined }),
    key,
  );
  const refused = latch && !set.LATCH ? ['latch: only KILLSWITCH_WEBHOOK_LATCH=true allows it'] : [];
  return { actor, orders: [order], ignored: refused };
}

/**
 * Standard Webhooks, for senders that are none of the other platforms: the body is a kill or kill-all of our HTTP API.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export const standard: OpenSource = settings => {
  const set = platformSettings(settings, 'WEBHOOK', settingsSchema);
  if (!set) return undefined;
  return {
    async read({ headers, body, now }) {
      const id = headers.get('webhook-id') ?? '';
      // With a dot in the ID, a part of it could be read as the time.
      const hasIdAndTime =
        /^[^\s.,]{1,255}$/.test(id) && isFresh(headers.get('webhook-timestamp'), now, TOLERANCE_SECONDS);
      if (!hasIdAndTime || !(await isSigned(headers, body, set.SECRET))) throw unproven();
      return ordersIn(objectIn(body, refusePrototype), set, await digest(id, body));
    },
  };
};
