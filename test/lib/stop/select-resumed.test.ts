import { describe, expect, it } from 'vitest';
import { fakeCore, killAllOf, stopOn } from '../../fakes/core.js';

const requestedAt = '2026-11-22T10:00:00.000Z';
const before = '2026-11-22T09:59:59.999Z';
const after = '2026-11-22T10:00:00.001Z';

/** Given while the store was away, when `a1` was active as far as anybody knew. */
const resumed = (selector = {}) => killAllOf({ requestedAt, wereActive: ['a1'], selector });

describe('an order that is carried on with', () => {
  it('reaches who had started by then, to the millisecond, and none that came after it', async () => {
    const bed = fakeCore();
    const old = await bed.agent('a1', { members: { startedAt: before } });
    const atOnce = await bed.agent('a2', { members: { startedAt: requestedAt } });
    const late = await bed.agent('a3', { members: { startedAt: after } });
    await stopOn(bed.core).resume(killAllOf({ requestedAt }));
    expect([await old.isAlive(), await atOnce.isAlive(), await late.isAlive()]).toEqual([false, false, true]);
  });

  it('spares who runs under an ID that was active then, but was started anew after the order', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1', { members: { startedAt: after } });
    await stopOn(bed.core).resume(resumed());
    expect(await agent.isAlive()).toBe(true);
    expect(await bed.record('a1')).toMatchObject({ status: 'running' });
  });

  it('counts once who was active then and is so still', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1', { members: { startedAt: before } });
    const command = resumed();
    await stopOn(bed.core).resume(command);
    expect(await agent.isAlive()).toBe(false);
    expect(bed.store.memory.audit.at(-1)).toMatchObject({ phase: 'settled', total: 1, killed: 1 });
    expect(bed.store.memory.audit.at(-1)?.errors).toBeUndefined();
  });

  it('does not stop by its label, for a task, who was active then and has an unreadable record now', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1');
    bed.store.seedForeign('a1', '?');
    await stopOn(bed.core).resume(resumed({ taskId: 't1' }));
    expect(await agent.isAlive()).toBe(true);
    expect(bed.store.memory.audit.at(-1)).toMatchObject({ phase: 'settled', total: 0 });
    expect(bed.store.memory.audit.at(-1)?.errors).toBeUndefined();
  });
});
