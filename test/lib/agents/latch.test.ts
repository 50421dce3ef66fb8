import { describe, expect, it } from 'vitest';
import { engageLatch } from '../../../lib/agents/engage-latch.js';
import { findLatch, getLatch, LATCH } from '../../../lib/agents/latch.js';
import { resetLatch } from '../../../lib/agents/reset-latch.js';
import type { Core } from '../../../lib/ports/core.js';
import { actorWith, holding, narrowedTo } from '../../fakes/authenticator.js';
import { fakeCore } from '../../fakes/core.js';

const alice = actorWith();
const order = { operationId: 'op', actor: alice, requestId: 'req', reason: 'drill' };
const whole = { operationId: 'op', since: '2026-11-22T10:00:00.000Z', by: 'alice', selector: {} };
const open = { engaged: false, holds: [] };

/** The latch's text as somebody else left it. */
async function lay(core: Core, next: string): Promise<void> {
  await core.records.commit([{ document: LATCH, expect: null, next, audit: [] }]);
}

describe('engaging the emergency stop', () => {
  it('holds every agent, with who did it, when and why, in one step with its audit', async () => {
    const { core, store, log } = fakeCore();
    const latch = { engaged: true, holds: [{ ...whole, reason: 'drill' }] };
    expect(await engageLatch(core, order)).toEqual(latch);
    expect((await findLatch(core)).latch).toEqual(latch);
    const entry = {
      timestamp: whole.since,
      operation: 'ENGAGE_LATCH',
      phase: 'done',
      operationId: 'op',
      requestId: 'req',
      actor: 'alice',
      reason: 'drill',
      selector: {},
    };
    expect(store.memory.audit).toEqual([entry]);
    expect(log.lines).toEqual([{ level: 'warn', entry, message: 'emergency stop engaged' }]);
  });

  it('needs no reason', async () => {
    const { core } = fakeCore();
    const { reason: _, ...bare } = order;
    expect(await engageLatch(core, bare)).toEqual({ engaged: true, holds: [whole] });
  });

  it('twice for the same changes nothing, and the first one keeps its name', async () => {
    const { core, store } = fakeCore();
    const first = await engageLatch(core, order);
    const before = structuredClone(store.memory);
    expect(
      await engageLatch(core, { ...order, operationId: 'op2', actor: actorWith({ subject: 'bob' }) }),
    ).toEqual(first);
    expect(store.memory).toEqual(before);
  });

  it('for something else comes on top of what it is engaged for already', async () => {
    const { core, store } = fakeCore();
    await engageLatch(core, { ...order, selector: { taskId: 't1' } });
    await engageLatch(core, { ...order, operationId: 'op2', selector: { host: 'h1' } });
    expect(
      (await findLatch(core)).latch.holds.map(({ operationId, selector }) => [operationId, selector]),
    ).toEqual([
      ['op', { taskId: 't1' }],
      ['op2', { host: 'h1' }],
    ]);
    expect(store.memory.audit.map(({ selector }) => selector)).toEqual([{ taskId: 't1' }, { host: 'h1' }]);
  });

  it('of many at the same time loses none', async () => {
    const { core } = fakeCore();
    const tasks = Array.from({ length: 20 }, (_, n) => `t${n}`);
    await Promise.all(tasks.map(taskId => engageLatch(core, { ...order, selector: { taskId } })));
    const { latch } = await findLatch(core);
    expect(latch.holds.map(({ selector }) => selector.taskId).sort()).toEqual([...tasks].sort());
  });

  it('with a narrowed credential holds what it reaches and no more', async () => {
    const { core } = fakeCore();
    const actor = narrowedTo({ taskId: 't1' });
    const { holds } = await engageLatch(core, { ...order, actor, selector: { host: 'h1' } });
    expect(holds).toMatchObject([{ selector: { taskId: 't1', host: 'h1' } }]);
    await expect(engageLatch(core, { ...order, actor, selector: { taskId: 't2' } })).rejects.toMatchObject({
      code: 'forbidden',
    });
  });

  it('needs its own scope, and the store', async () => {
    const { core, store } = fakeCore();
    const actor = holding('agents:kill-all', 'latch:reset');
    await expect(engageLatch(core, { ...order, actor })).rejects.toMatchObject({ code: 'forbidden' });
    store.faults.fail('commit');
    await expect(engageLatch(core, order)).rejects.toMatchObject({ code: 'store_unavailable' });
    expect((await findLatch(core)).latch).toEqual(open);
  });
});

describe('an emergency stop that cannot be read', () => {
  it.each(['', '?', 'null', '{}', '{"engaged":false}', '{"holds":[]}', '{"holds":[{"selector":{}}]}'])(
    'is engaged: %j',
    async text => {
      const { core, store } = fakeCore();
      await lay(core, text);
      expect((await findLatch(core)).latch).toEqual({ engaged: true, holds: [] });
      expect(await engageLatch(core, order)).toEqual({ engaged: true, holds: [] });
      expect(store.memory.audit).toEqual([]);
      await resetLatch(core, order);
      expect((await findLatch(core)).latch).toEqual(open);
    },
  );

  it('for its bytes is engaged, and can only be deleted where it stands', async () => {
    const { core, store } = fakeCore();
    store.faults.lie('read', () => [undefined]);
    expect((await findLatch(core)).latch).toEqual({ engaged: true, holds: [] });
    await expect(resetLatch(core, order)).rejects.toMatchObject({ code: 'unreadable_record' });
  });
});

describe('resetting the emergency stop', () => {
  it('releases all of it and says why; starts nothing', async () => {
    const bed = fakeCore();
    await bed.agent('a1', { status: 'spawning' });
    await engageLatch(bed.core, { ...order, selector: { taskId: 't1' } });
    await engageLatch(bed.core, order);
    const before = await bed.stored('a1');
    expect(await resetLatch(bed.core, { ...order, operationId: 'op3', reason: 'all clear' })).toEqual(open);
    expect(await findLatch(bed.core)).toEqual({ raw: null, latch: open });
    expect(await bed.stored('a1')).toEqual(before);
    expect(bed.store.memory.audit.at(-1)).toMatchObject({
      operation: 'RESET_LATCH',
      operationId: 'op3',
      reason: 'all clear',
    });
  });

  it('is no error when it is not engaged, and is then not told', async () => {
    const { core, store } = fakeCore();
    expect(await resetLatch(core, order)).toEqual(open);
    expect(store.memory.audit).toEqual([]);
  });

  it('needs its own scope, and a credential that is not narrowed', async () => {
    const { core } = fakeCore();
    await engageLatch(core, order);
    for (const actor of [holding('latch:engage', 'agents:kill-all'), narrowedTo({ taskId: 't1' })]) {
      await expect(resetLatch(core, { ...order, actor })).rejects.toMatchObject({ code: 'forbidden' });
    }
    expect((await findLatch(core)).latch.engaged).toBe(true);
  });

  it('never releases what is engaged in between: that is another emergency', async () => {
    const { core } = fakeCore();
    await engageLatch(core, { ...order, selector: { taskId: 't1' } });
    let rounds = 0;
    const meddled: Core = {
      ...core,
      records: {
        ...core.records,
        async commit(steps) {
          if (rounds++ === 0) await engageLatch(core, order);
          return core.records.commit(steps);
        },
      },
    };
    await expect(resetLatch(meddled, order)).rejects.toMatchObject({ code: 'conflict', status: 409 });
    expect((await findLatch(core)).latch.holds).toHaveLength(2);
  });

  it('that another reset was faster with is no error', async () => {
    const { core, store } = fakeCore();
    await engageLatch(core, order);
    const commit: Core['records']['commit'] = async steps => {
      await resetLatch(core, order);
      return core.records.commit(steps);
    };
    expect(await resetLatch({ ...core, records: { ...core.records, commit } }, order)).toEqual(open);
    expect(store.memory.audit.filter(({ operation }) => operation === 'RESET_LATCH')).toHaveLength(1);
  });
});

describe('looking at the emergency stop', () => {
  it('tells it, to who may read', async () => {
    const { core } = fakeCore();
    expect(await getLatch(core, holding('agents:read'))).toEqual(open);
    await engageLatch(core, order);
    expect(await getLatch(core, alice)).toMatchObject({ engaged: true });
    await expect(getLatch(core, holding('agents:kill'))).rejects.toMatchObject({ code: 'forbidden' });
  });
});
