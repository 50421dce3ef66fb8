import type { Core } from './core.js';
import { KillswitchError } from './errors.js';
import type { Step, StoredAgent } from './ports.js';

/** Somebody who loses a compare-and-set loses to somebody who advances; a lifetime of bad luck ends here. */
export const MAX_ROUNDS = 64;

export interface Change<T> {
  /** Absent: there is nothing to write. */
  readonly step?: Step;
  readonly value: T;
}

/**
 * Changes one agent's record: reads it, lets `compute` say what it becomes, and compares-and-sets; again with
 * what stands there by then while others write in between.
 * @param compute is called once a round; what it throws ends the change
 * @throws KillswitchError `tombstoned`, `conflict`, `store_unavailable`
 */
export async function change<T>(
  core: Core,
  agentId: string,
  compute: (stored: StoredAgent | undefined) => Change<T>,
  message: string,
): Promise<T> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const [stored] = await core.records.agents([agentId]);
    const { step, value } = compute(stored);
    if (!step) return value;
    const [result] = await core.records.commit([step]);
    if (result === 'tombstoned') throw tombstoned(agentId);
    if (result !== 'committed') continue;
    for (const entry of step.audit) core.log.warn(entry, message);
    return value;
  }
  throw new KillswitchError('conflict', `The record of agent ${agentId} kept changing; try again`);
}

export const tombstoned = (agentId: string): KillswitchError =>
  new KillswitchError('tombstoned', `Agent ${agentId} was killed; start the work again under another ID`);
