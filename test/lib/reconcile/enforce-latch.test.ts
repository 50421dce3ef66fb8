import { describe, expect, it } from 'vitest';
import { engageLatch } from '../../../lib/agents/engage-latch.js';
import { LATCH } from '../../../lib/agents/latch.js';
import { createReconcile } from '../../../lib/reconcile/reconcile.js';
import { createInFlight } from '../../../lib/stop/in-flight.js';
import { createStop } from '../../../lib/stop/stop.js';
import { actorWith } from '../../fakes/authenticator.js';
import { type FakeCore as Bed, fakeCore } from '../../fakes/core.js';
import { look, told } from './enforce-bench.js';

const engage = (bed: Bed, selector = {}) =>
  engageLatch(bed.core, { operationId: 'op', actor: actorWith(), selector });

describe('what is started against the emergency stop', () => {
  const started = (bed: Bed, ms: number) => ({ startedAt: bed.clock.now() + ms });

  it('is stopped at once, and that is told', async () => {
    const bed = fakeCore();
    await engage(bed);
    const agent = bed.containers.spawn('a1', started(bed, 0));
    await look(bed);
    expect(await agent.isRunning()).toBe(false);
    expect(told(bed, 'LATCH_ENFORCED')).toMatchObject([
      { agentId: 'a1', actor: 'killswitch', reason: 'it was started while the emergency stop was engaged' },
    ]);
  });

  it('is marked killed where its record says that it runs', async () => {
    const bed = fakeCore();
    await engage(bed);
    await bed.agent('a1', { container: false });
    const agent = bed.containers.spawn('a1', started(bed, 1));
    await look(bed);
    expect(await agent.isRunning()).toBe(false);
    expect(await bed.record('a1')).toMatchObject({ status: 'killed', kill: { pending: [] } });
  });

  it('is seen beside what was there before under the same label', async () => {
    const bed = fakeCore();
    await engage(bed);
    const one = bed.containers.spawn('a1', started(bed, 1));
    bed.containers.spawn('a1', started(bed, -1));
    await look(bed);
    expect(await one.isRunning()).toBe(false);
  });

  it.each<[string, (bed: Bed) => { startedAt?: number }]>([
    ['that was there before', bed => started(bed, -1)],
    ['whose start nobody knows', () => ({})],
  ])('is not what %s', async (_, when) => {
    const bed = fakeCore();
    await engage(bed);
    const agent = bed.containers.spawn('a1', when(bed));
    await look(bed);
    expect(await agent.isRunning()).toBe(true);
    expect(told(bed, 'LATCH_ENFORCED')).toEqual([]);
  });

  it('is stopped as it starts, whatever the clock of the host says that engaged the emergency stop', async () => {
    const bed = fakeCore();
    bed.clock.advance(60_000);
    await engage(bed);
    bed.clock.advance(-60_000);
    const inFlight = createInFlight(bed.core);
    const reconcile = createReconcile(bed.core, inFlight, createStop(bed.core, inFlight));
    const agent = bed.containers.spawn('a1', started(bed, 0));
    await reconcile.close();
    expect(await agent.isRunning()).toBe(false);
  });

  it('is not what the emergency stop does not hold', async () => {
    const bed = fakeCore();
    await engage(bed, { taskId: 't1' });
    await bed.agent('a2', { container: false, members: { taskId: 't2' } });
    await bed.agent('a1', { container: false });
    const [held, free, unknown] = ['a1', 'a2', 'a3'].map(id => bed.containers.spawn(id, started(bed, 1)));
    await look(bed);
    expect(await held?.isRunning()).toBe(false);
    expect([await free?.isRunning(), await unknown?.isRunning()]).toEqual([true, true]);
  });

  it('and cannot be read is what starts now, and not what has been running', async () => {
    const bed = fakeCore();
    await bed.core.records.commit([{ document: LATCH, expect: null, next: '?', audit: [] }]);
    const [young, old] = [started(bed, -1_000), started(bed, -60_000)].map((when, n) =>
      bed.containers.spawn(`a${n}`, when),
    );
    await look(bed);
    expect([await young?.isRunning(), await old?.isRunning()]).toEqual([false, true]);
  });

  it('is left alone when nothing is engaged', async () => {
    const bed = fakeCore();
    const agent = bed.containers.spawn('a1', started(bed, 1));
    await look(bed);
    expect(await agent.isRunning()).toBe(true);
  });
});
