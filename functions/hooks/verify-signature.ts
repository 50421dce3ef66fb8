import { KillswitchError } from '../../lib/domain/errors.js';
import { isHmac } from '../../lib/util/crypto.js';

/** The refusal of every delivery that does not prove who sent it just now: one, so that it tells nothing. */
export const unproven = (): KillswitchError =>
  new KillswitchError(
    'unauthenticated',
    'Only a recent delivery with a valid signature or credential counts',
  );

/** @throws KillswitchError `unauthenticated` unless it is the HMAC-SHA256 of the data under one of the keys */
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

/** How old a signed event may be whose delivery bears no signed time of its own; milliseconds. */
export const RECENT = HOUR;
/**
 * For events that may be told of long after they began. Less than the day for which keys are remembered, so that a
 * replay either finds the first delivery's operation or is too old.
 */
export const WITHIN_MEMORY = 23 * HOUR;
const AHEAD = 300 * SECOND;

/**
 * Where no time of the delivery is signed, the event's own must do.
 * @param at ISO 8601, or seconds since 1970
 * @throws KillswitchError `unauthenticated` if it is too old, ahead of us, or no time at all
 */
export function requireRecent(at: unknown, now: number, most = RECENT): void {
  const then = typeof at === 'number' ? at * SECOND : typeof at === 'string' ? Date.parse(at) : Number.NaN;
  if (!(now - then <= most && then - now <= AHEAD)) throw unproven();
}
