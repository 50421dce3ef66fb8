import type { Actor } from '../domain/actor.js';
import { authorize } from '../domain/authorize.js';
import { KillswitchError } from '../domain/errors.js';
import type { Core } from '../ports/core.js';
import { checkKey, digest } from '../store/idempotency.js';
import { type FoundLatch, findLatch, LATCH, type Latch, OPEN, writable } from './latch.js';
import { type LatchOrder, resetEntry } from './latch-entry.js';

export interface ResetOrder extends LatchOrder {
  readonly reason: string;
  /** An idempotency key: a retry under the same key never resets a later emergency. */
  readonly key?: string;
}

/** Seconds. */
const KEPT = 24 * 3_600;
/** What a key is bound to if nothing was engaged when it was first used. */
const NOTHING = 'nothing';

/**
 * Binds a key to the emergency stop that is engaged when the key is first used: a retried or replayed request resets that
 * one or none.
 * @returns whether the emergency stop now is the one that the key is bound to
 * @throws KillswitchError `invalid_request`, `store_unavailable`
 */
async function isMeant(core: Core, { subject }: Actor, key: string, { raw }: FoundLatch): Promise<boolean> {
  checkKey(key);
  const document = { kind: 'memory', id: `reset:${await digest(subject, key)}` } as const;
  const standing = raw === null ? NOTHING : await digest(raw ?? '');
  const step = { document, expect: null, next: standing, ttlSeconds: KEPT, audit: [] };
  const [result] = await core.records.commit([step]);
  if (result === 'committed') return true;
  const [bound] = await core.records.read([document]);
  return bound === standing;
}

/**
 * Releases the whole emergency stop, exactly as it was read. Starts no agent.
 * @returns the emergency stop afterwards: still engaged if the key was for an earlier one
 * @throws KillswitchError `forbidden`, `invalid_request`, `unreadable_record`, `store_unavailable`; `conflict` if
 *   it was engaged for something else meanwhile, which the caller has not seen
 */
export async function resetLatch(core: Core, order: ResetOrder): Promise<Latch> {
  authorize(order.actor, 'latch:reset');
  const found = await findLatch(core);
  if (order.key !== undefined && !(await isMeant(core, order.actor, order.key, found))) return found.latch;
  if (!found.latch.engaged) return OPEN;
  const entry = resetEntry(core, order, found.latch.holds);
  const [result] = await core.records.commit([
    { document: LATCH, expect: writable(found.raw), next: null, audit: [entry] },
  ]);
  if (result === 'committed') core.log.warn(entry, 'emergency stop reset');
  // Another reset was faster, or another hold was added.
  else if ((await findLatch(core)).latch.engaged) {
    throw new KillswitchError(
      'conflict',
      'The emergency stop was engaged for something else meanwhile: check it, and reset it again',
    );
  }
  return OPEN;
}
