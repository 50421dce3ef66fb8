import { KillswitchError } from '../domain/errors.js';
import type { Core } from '../ports/core.js';
import type { Step, StoredAgent } from '../ports/records.js';

/** Somebody who loses a compare-and-set loses to somebody who advances; a lifetime of bad luck ends here. */
export const MAX_ATTEMPTS = 64;

export interface Change<T> {
  /** Absent: there is nothing to write. */
  readonly step?: Step;
  readonly value: T;
}

/** What stands in the store of one agent. */
export const agentReader =
  ({ records }: Core, agentId: string) =>
  async (): Promise<StoredAgent | undefined> =>
    (await records.agents([agentId]))[0];

/**
 * Changes one document: reads, lets `compute` say what it becomes, and compares-and-sets; again with what stands
 * there by then while others write in between.
 * @param compute is called once a round; what it throws ends the change
 * @param message for the log, with each audit entry
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
