import { KillswitchError } from '../domain/errors.js';
import type { Core } from '../ports/core.js';
import type { Step, StoredAgent } from '../ports/records.js';

/** A lost compare-and-set means that another writer made progress; this ends an endless losing streak. */
export const MAX_ATTEMPTS = 64;

export interface Change<T> {
  /** Absent: nothing to write. */
  readonly step?: Step;
  readonly value: T;
}

/** A reader for {@link compareAndSet}: one agent as stored, or `undefined`. */
export const agentReader =
  ({ records }: Core, agentId: string) =>
  async (): Promise<StoredAgent | undefined> =>
    (await records.agents([agentId]))[0];

/**
 * Changes one document: reads it, computes the next text and compares-and-sets; starts over when another process wrote
 * in between.
 * @param compute called once per attempt; an error that it throws ends the change
 * @param message logged with each audit entry once the step has committed
 * @throws KillswitchError `tombstoned`, `conflict`, `store_unavailable`
 */
export async function compareAndSet<R, T>(
  core: Core,
  read: () => Promise<R>,
  compute: (found: R) => Change<T>,
  message: string,
): Promise<T> {
  for (let round = 0; round < MAX_ATTEMPTS; round++) {
    const { step, value } = compute(await read());
    if (!step) return value;
    const [result] = await core.records.commit([step]);
    if (result === 'tombstoned') throw tombstoned(step.document.id);
    if (result !== 'committed') continue;
    for (const entry of step.audit) core.log.warn(entry, message);
    return value;
  }
  throw new KillswitchError('conflict', 'The record kept changing; try again');
}

export const tombstoned = (agentId: string): KillswitchError =>
  new KillswitchError('tombstoned', `Agent ${agentId} was killed; start the work again under another ID`);
