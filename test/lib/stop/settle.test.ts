import { describe, expect, it } from 'vitest';
import type { LayerOutcome } from '../../../lib/domain/outcome.js';
import { settle } from '../../../lib/stop/settle.js';
import { fakeCore } from '../../fakes/core.js';

type Bed = ReturnType<typeof fakeCore>;

const removed: LayerOutcome = { layer: 'container', outcome: 'removed' };
const failed: LayerOutcome = { layer: 'worktree', outcome: 'failed', detail: 'busy' };
const silent: LayerOutcome = { layer: 'process', outcome: 'pending' };

const kill = {
  operationId: 'op',
  requestedAt: '2026-11-22T10:00:00.000Z',
  requestedBy: 'alice',
  pending: ['container', 'worktree'],
  attempts: 0,
};
const killed = (bed: Bed, more: object = {}) =>
  bed.agent('a1', { status: 'killed', members: { kill: { ...kill, ...more }, extra: [] } });
const settled = (bed: Bed, ...outcomes: readonly LayerOutcome[]) =>
  settle(bed.core, { agent: { agentId: 'a1' }, operationId: 'op', actor: { subject: 'alice' }, outcomes });
const dueAt = ({ store }: Bed, host = 'h1') => store.memory.debts.get(host)?.get('a1');

describe('settling a killed agent', () => {
  it('writes that nothing is owed any more, and pays the debt', async () => {
    const bed = fakeCore();
    await killed(bed);
    bed.store.memory.debts.set('h1', new Map([['a1', 5]]));
    await settled(bed, removed);
    expect(await bed.record('a1')).toMatchObject({
      extra: [],
      kill: { ...kill, pending: [], attempts: 1, confirmedAt: '2026-11-22T10:00:00.000Z' },
    });
    expect(dueAt(bed)).toBeUndefined();
    const entry = { phase: 'settled', operationId: 'op', outcomes: [removed] };
    expect(bed.store.memory.audit).toMatchObject([entry]);
    expect(bed.log.lines).toMatchObject([{ level: 'warn', entry }]);
  });

  it('writes what is still owed and why, and when to try again', async () => {
    const bed = fakeCore();
    await killed(bed);
    await settled(bed, removed, failed, silent);
    const { kill: written } = await bed.record('a1');
    expect(written).toMatchObject({
      pending: ['worktree', 'process'],
      attempts: 1,
      lastError: 'worktree: busy; process: pending',
    });
    expect(written).not.toHaveProperty('confirmedAt');
    expect(dueAt(bed)).toBeGreaterThan(bed.clock.now());
    expect(bed.store.memory.audit).toMatchObject([{ phase: 'unconfirmed' }]);
  });

  it('reports a debt that stays open once, and its end', async () => {
    const bed = fakeCore();
    await killed(bed);
    for (let n = 0; n < 3; n++) await settled(bed, failed);
    expect(bed.store.memory.audit.map(({ phase }) => phase)).toEqual(['unconfirmed']);
    await settled(bed, removed);
    expect(bed.store.memory.audit.map(({ phase }) => phase)).toEqual(['unconfirmed', 'settled']);
    const { kill: written } = await bed.record('a1');
    expect(written).toMatchObject({ attempts: 4, pending: [] });
    expect(written).not.toHaveProperty('lastError');
  });

  it.each([
    ['settled by somebody else', { confirmedAt: '2026-11-22T10:00:00.000Z' }],
    ["another operation's", { operationId: 'another' }],
  ])('does not touch what is %s by then', async (_, more) => {
    const bed = fakeCore();
    await killed(bed, more);
    const before = await bed.stored('a1');
    await settled(bed, removed);
    expect(await bed.stored('a1')).toEqual(before);
    expect(bed.store.memory.audit).toEqual([]);
  });

  it.each(['{"status":"running"}', 'not JSON'])('does not touch what was overwritten with %s', async text => {
    const bed = fakeCore();
    bed.store.seedForeign('a1', text);
    await settled(bed, removed);
    expect((await bed.stored('a1'))?.raw).toBe(text);
  });

  it('pays for an agent whose record was deleted, and leaves it deleted', async () => {
    const bed = fakeCore();
    bed.store.memory.debts.set('h1', new Map([['a1', 5]]));
    await settled(bed, removed);
    expect(await bed.stored('a1')).toBeUndefined();
    expect(dueAt(bed)).toBeUndefined();
    expect(bed.store.memory.audit).toMatchObject([{ phase: 'settled' }]);
  });

  it('puts the debt down for the host of the agent', async () => {
    const bed = fakeCore();
    await killed(bed);
    const agent = { agentId: 'a1', host: 'h9' };
    await settle(bed.core, { agent, operationId: 'op', actor: { subject: 'alice' }, outcomes: [failed] });
    expect(dueAt(bed, 'h9')).toBeGreaterThan(0);
  });

  it('keeps what others wrote in between', async () => {
    const bed = fakeCore();
    await killed(bed);
    bed.store.faults.lie(
      'commit',
      () => {
        bed.store.seedForeign('a1', JSON.stringify({ status: 'killed', kill, note: 'new' }));
        return ['conflict'];
      },
      { times: 1 },
    );
    await settled(bed, removed);
    expect(await bed.record('a1')).toMatchObject({ note: 'new', kill: { pending: [] } });
  });
});
