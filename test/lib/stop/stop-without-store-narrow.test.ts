import { describe, expect, it } from 'vitest';
import { narrowedTo } from '../../fakes/authenticator.js';
import { type FakeCore as Bed, fakeCore, killAllOf, killOf, startOn, stopOn } from '../../fakes/core.js';

const takeDown = ({ store }: Bed): void => {
  for (const method of ['read', 'agents', 'scan', 'commit'] as const) store.faults.fail(method);
};
/** With records that this process has read while the store still answered. */
const remembering = (bed: Bed): Promise<void> => startOn(bed.core);

describe('without a store, a narrowed credential', () => {
  it('reaches what it was read to reach', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1');
    await remembering(bed);
    takeDown(bed);
    const actor = narrowedTo({ taskId: 't1' });
    expect(await stopOn(bed.core).stop(killOf('a1', { actor }))).toMatchObject({ killed: 1 });
    expect(await agent.isAlive()).toBe(false);
  });

  it('is refused what is known to lie outside, and nothing is written down', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1');
    await remembering(bed);
    takeDown(bed);
    const actor = narrowedTo({ taskId: 't2' });
    await expect(stopOn(bed.core).stop(killOf('a1', { actor }))).rejects.toMatchObject({ code: 'forbidden' });
    expect([await agent.isAlive(), bed.journal.memory.size]).toEqual([true, 0]);
  });

  it('leaves running what is not known to lie inside, says so, and is carried out when it is', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1');
    takeDown(bed);
    const receipt = await stopOn(bed.core).stop(killOf('a1', { actor: narrowedTo({ taskId: 't1' }) }));
    expect(receipt).toMatchObject({ degraded: true, verified: false, total: 0 });
    expect(receipt.errors).toEqual([expect.stringMatching(/^a1: left running/)]);
    expect(await agent.isAlive()).toBe(true);
    bed.store.faults.heal();
    await startOn(bed.core);
    expect(await agent.isAlive()).toBe(false);
  });

  it('to one agent reaches that by its label', async () => {
    const bed = fakeCore();
    const [agent, other] = [await bed.agent('a1'), await bed.agent('a2')];
    takeDown(bed);
    const actor = narrowedTo({ agentId: 'a1' });
    await stopOn(bed.core).stop(killAllOf({ actor }));
    expect([await agent.isAlive(), await other.isAlive()]).toEqual([false, true]);
  });

  it('to a task stops of many what was read to belong to it', async () => {
    const bed = fakeCore();
    const [inside, outside] = [await bed.agent('a1'), await bed.agent('a2', { members: { taskId: 't2' } })];
    await remembering(bed);
    const unread = await bed.agent('a3');
    takeDown(bed);
    const receipt = await stopOn(bed.core).stop(killAllOf({ actor: narrowedTo({ taskId: 't1' }) }));
    expect(receipt).toMatchObject({ total: 1, killed: 1 });
    expect(receipt.errors).toEqual([
      expect.stringMatching(/^a3: left running/),
      expect.stringMatching(/^a1: worktree pending: left in place/),
    ]);
    expect(await Promise.all([inside, outside, unread].map(one => one.isAlive()))).toEqual([
      false,
      true,
      true,
    ]);
  });
});
