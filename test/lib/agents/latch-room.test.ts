import { describe, expect, it } from 'vitest';
import { engageLatch, latchLimits } from '../../../lib/agents/engage-latch.js';
import { findLatch, LATCH } from '../../../lib/agents/latch.js';
import type { Selector } from '../../../lib/domain/selector.js';
import type { Core } from '../../../lib/ports/core.js';
import { utf8 } from '../../../lib/util/crypto.js';
import { actorWith, narrowedTo } from '../../fakes/authenticator.js';
import { fakeCore, killAllOf, stopOn } from '../../fakes/core.js';

let operations = 0;
const engage = (core: Core, selector: Selector, actor = actorWith()) =>
  engageLatch(core, { operationId: `op-${++operations}`, actor, selector });
const full = { code: 'latch_full', status: 409 };
const numbers = Array.from({ length: 200 }, (_, n) => n);

/** Engages it as often as it is let. */
async function fill(core: Core, actorOf: (n: number) => ReturnType<typeof actorWith>) {
  const results = [];
  for (const n of numbers) {
    results.push(await engage(core, { labels: { n: `${n}` } }, actorOf(n)).catch(error => error.code));
  }
  return results.filter(result => typeof result === 'object').length;
}

describe('an emergency stop that is engaged for ever more', () => {
  it('takes up only so many selections of one narrowed credential, and is not widened by it', async () => {
    const { core } = fakeCore();
    const agent = actorWith({ subject: 'a1', within: { agentId: 'a1' } });
    expect(await fill(core, () => agent)).toBe(latchLimits.narrowed.ofOneSubject);
    const { holds } = (await findLatch(core)).latch;
    expect(holds.every(({ selector }) => selector.agentIds?.join() === 'a1')).toBe(true);
    expect(await engage(core, {}, narrowedTo({ taskId: 't1' }))).toMatchObject({ engaged: true });
  });

  it('keeps room for the others from all narrowed ones together, and for the hold that stops every agent', async () => {
    const { core } = fakeCore();
    const narrowed = (n: number) => actorWith({ subject: `a${n}`, within: { agentId: `a${n}` } });
    expect(await fill(core, narrowed)).toBe(latchLimits.narrowed.holds);
    expect(await fill(core, () => actorWith())).toBe(latchLimits.holds - latchLimits.narrowed.holds);
    await expect(engage(core, { taskId: 't9' })).rejects.toMatchObject(full);
    const all = await engage(core, {});
    expect(all.holds).toHaveLength(latchLimits.holds + 1);
    expect(await engage(core, { taskId: 't9' })).toEqual(all);
  });

  it('is bounded in bytes, with room kept for the others', async () => {
    const { core } = fakeCore();
    const ids = (count: number) => numbers.slice(0, count).map(n => `${'a'.repeat(120)}${n}`);
    const labels = Object.fromEntries(numbers.slice(0, 40).map(n => [`${n}`, 'x'.repeat(1_000)]));
    await expect(engage(core, { labels }, narrowedTo({ taskId: 't1' }))).rejects.toMatchObject(full);
    await engage(core, { labels });
    await expect(engage(core, { agentIds: ids(200) })).rejects.toMatchObject(full);
    await engage(core, { agentIds: ids(20) });
    const [raw] = await core.records.read([LATCH]);
    expect(utf8(raw as string).byteLength).toBeLessThan(latchLimits.bytes);
  });

  it('is engaged once for selectors that say the same in other words', async () => {
    const { core } = fakeCore();
    await engage(core, { agentIds: ['b', 'a', 'b'], status: ['running', 'spawning'] });
    await engage(core, { status: ['spawning', 'running'], agentIds: ['a', 'b'] });
    await engage(core, { status: ['running'] });
    const { holds } = await engage(core, { status: 'running' });
    expect(holds.map(({ selector }) => selector)).toEqual([
      { agentIds: ['a', 'b'], status: ['running', 'spawning'] },
      { status: 'running' },
    ]);
  });

  it('lets a kill-all go on without it, which says so', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1');
    await fill(bed.core, () => actorWith());
    const receipt = await stopOn(bed.core).stop(killAllOf({ latch: true, selector: { taskId: 't1' } }));
    expect(receipt.errors?.join()).toContain('the emergency stop was not engaged');
    expect(await agent.isAlive()).toBe(false);
  });
});
