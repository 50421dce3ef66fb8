import { expect } from 'vitest';
import type { OutcomeName, Receipt } from '../../lib/domain/outcome.js';
import { type fakeCore, killAllOf, stopOn } from '../fakes/core.js';
import { atDeadlines } from '../fakes/deadlines.js';

export type Bed = ReturnType<typeof fakeCore>;

export const brief = { limits: { killMs: 30, cleanupMs: 30 } };
export const outcomeOf = (receipt: Receipt, agentId: string, layer: string): OutcomeName | undefined =>
  receipt.agents.find(one => one.agentId === agentId)?.outcomes.find(outcome => outcome.layer === layer)
    ?.outcome;

/** Stops `a1`, on which the fault lies, and `a2`, which must end as if there were none. */
export async function stopBoth(bed: Bed, meddle: (stopping: Promise<Receipt>) => void = () => undefined) {
  await bed.agent('a1');
  const other = await bed.agent('a2');
  const stop = stopOn(bed.core);
  const receipt = await atDeadlines(() => {
    const stopping = stop.stop(killAllOf());
    meddle(stopping);
    return stopping;
  });
  expect([await other.isAlive(), await other.hasWorktree()]).toEqual([false, false]);
  expect(outcomeOf(receipt, 'a2', 'container')).toBe('removed');
  expect(outcomeOf(receipt, 'a2', 'worktree')).toBe('removed');
  expect(await bed.record('a2')).toMatchObject({ status: 'killed', kill: { pending: [] } });
  expect(JSON.stringify(receipt)).not.toContain('broken');
  await atDeadlines(() => stop.idle());
  return receipt;
}
