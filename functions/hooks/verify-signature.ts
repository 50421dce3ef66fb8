import { KillswitchError } from '../../lib/domain/errors.js';
import { isHmac } from '../../lib/util/crypto.js';

/** One error for every delivery that is not authentic or not recent, so that it reveals nothing. */
export const unproven = (): KillswitchError =>
  new KillswitchError(
    'unauthenticated',
    'The delivery has no valid signature or credential, or is not recent: check the secret and the clock of the sender',
  );

/** @throws KillswitchError `unauthenticated` unless a signature is the HMAC-SHA256 of the data under one of the keys */
export async function requireHmac(
  keys: readonly (string | Uint8Array)[],
  data: Uint8Array,
  signatures: readonly (Uint8Array | undefined)[],
): Promise<void> {
  for (const key of keys) {
    for (const signature of signatures) if (await isHmac(key, data, signature)) return;
  }
  throw unproven();
}

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

/** How old an event may be if its delivery has no signed time of its own. Milliseconds. */
export const RECENT = HOUR;
/**
 * For events that may be delivered long after they began. Less than the 24 hours for which idempotency keys are kept, so
 * a replay is either too old or finds the operation of the first delivery.
 */
export const WITHIN_MEMORY = 23 * HOUR;
const AHEAD = 300 * SECOND;

/**
 * Checks the event's own time, for platforms that sign no time of the delivery.
 * @param at ISO 8601, or seconds since 1970
 * @throws KillswitchError `unauthenticated` if it is too old, in the future, or not a time
 */
export function requireRecent(at: unknown, now: number, most = RECENT): void {
  const then = typeof at === 'number' ? at * SECOND : typeof at === 'string' ? Date.parse(at) : Number.NaN;
  if (!(now - then <= most && then - now <= AHEAD)) throw unproven();
}
