import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Core } from '../../../lib/ports/core.js';
import { createReconcile } from '../../../lib/reconcile/reconcile.js';
import { createInFlight } from '../../../lib/stop/in-flight.js';
import { createStop } from '../../../lib/stop/stop.js';
import { fakeCore, killOf, stopOn } from '../../fakes/core.js';

type Bed = ReturnType<typeof fakeCore>;

function reconcileOn(core: Core) {
  const inFlight = createInFlight(core);
  const reconcile = createReconcile(core, inFlight, createStop(core, inFlight));
  onTestFinished(() => reconcile.close());
  return reconcile;
}
/** Killed, and its container is still owed. */
async function owing(bed: Bed, agentId = 'a1') {
  const agent = await bed.agent(agentId);
  bed.containers.inject('kill', 'throws', { agentId });
  await stopOn(bed.core).stop(killOf(agentId));
  return agent;
}
/** Killed and settled, and yet running. */
async function resurrected(bed: Bed, agentId = 'a2') {
  await bed.agent(agentId);
  await stopOn(bed.core).stop(killOf(agentId));
  return bed.containers.spawn(agentId);
}

describe('the reconcile', () => {
  it('at its start pays all that this host owes, due or not, and stops what must not run', async () => {
    const bed = fakeCore();
    const [debtor, back] = [await owing(bed), await resurrected(bed)];
    bed.store.seedForeign('a3', '{"status":"running"}');
    bed.store.memory.tombstones.set('a3', '{}');
    await reconcileOn(bed.core).start();
    expect([await debtor.isAlive(), await debtor.hasWorktree(), await back.isRunning()]).toEqual([
      false,
      false,
      false,
    ]);
    expect(await bed.record('a3')).toMatchObject({ status: 'killed' });
  });

  it.each<[string, (bed: Bed) => void, failed: string[]]>([
    ['the journal', bed => bed.journal.faults.fail('read', { error: new Error('broken') }), ['journal']],
    [
      'the debts',
      bed => bed.store.faults.fail('debts', { error: new Error('broken') }),
      ['debts', 'sightings'],
    ],
    ['the records', bed => bed.store.faults.fail('scan', { error: new Error('broken') }), ['tombstones']],
    [
      'the tombstones',
      bed => bed.store.faults.fail('tombstoned', { error: new Error('broken') }),
      ['sightings'],
    ],
  ])('does the rest when %s cannot be read, and logs that', async (broken, meddle, failed) => {
    const bed = fakeCore();
    const [debtor, back] = [await owing(bed), await resurrected(bed)];
    meddle(bed);
    await reconcileOn(bed.core).start();
    expect(await debtor.isAlive()).toBe(broken === 'the debts');
    expect(await back.isRunning()).toBe(broken === 'the tombstones');
    const steps = bed.log.lines.flatMap(({ message, entry }) =>
      message === 'reconcile failed' ? [(entry as { step: string }).step] : [],
    );
    expect(steps.sort()).toEqual(failed);
  });

  it('is silent while the store does not answer', async () => {
    const bed = fakeCore();
    await owing(bed);
    for (const method of ['debts', 'agents', 'scan'] as const) bed.store.faults.fail(method);
    const before = bed.log.lines.length;
    await reconcileOn(bed.core).start();
    expect(bed.log.lines).toHaveLength(before);
  });

  it('looks again by itself, for what is due by then', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const bed = fakeCore();
    const reconcile = reconcileOn(bed.core);
    await reconcile.start();
    const [debtor, back] = [await owing(bed), await resurrected(bed)];
    await vi.advanceTimersByTimeAsync(2_500);
    expect([await debtor.isAlive(), await back.isRunning()]).toEqual([true, false]);
    bed.clock.advance(60_000);
    await vi.advanceTimersByTimeAsync(2_500);
    expect(await debtor.isAlive()).toBe(false);
  });

  it('reads all records now and then, for those of which nothing runs', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const bed = fakeCore();
    await reconcileOn(bed.core).start();
    bed.store.memory.tombstones.set('a1', '{}');
    bed.store.seedForeign('a1', '{"status":"running"}');
    await vi.advanceTimersByTimeAsync(15 * 2_500);
    expect(await bed.record('a1')).toMatchObject({ status: 'killed' });
  });

  it('looks at once when it is woken', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const bed = fakeCore();
    const reconcile = reconcileOn(bed.core);
    await reconcile.start();
    await owing(bed);
    bed.clock.advance(60_000);
    reconcile.wake();
    await vi.advanceTimersByTimeAsync(1);
    await expect.poll(async () => (await bed.record('a1'))['kill']).toMatchObject({ pending: [] });
  });

  it('stops at once what starts and was killed, without a look', async () => {
    // No look comes by itself while the time stands still.
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const bed = fakeCore();
    await reconcileOn(bed.core).start();
    const back = await resurrected(bed);
    await expect.poll(() => back.isRunning()).toBe(false);
  });

  it('lets an agent that will not die keep no other one waiting', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const bed = fakeCore();
    await owing(bed);
    bed.containers.inject('kill', 'hangs', { agentId: 'a1' });
    void reconcileOn(bed.core).start();
    await vi.advanceTimersByTimeAsync(100);
    bed.clock.advance(60_000);
    const back = await resurrected(bed);
    await vi.advanceTimersByTimeAsync(2_500);
    expect(await back.isRunning()).toBe(false);
    const { length } = bed.containers.calls.filter(call => call.agentId === 'a1');
    await vi.advanceTimersByTimeAsync(5_000);
    expect(bed.containers.calls.filter(call => call.agentId === 'a1')).toHaveLength(length);
    await vi.advanceTimersByTimeAsync(10_000);
  });

  it('carries out the journal one look at a time', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const bed = fakeCore();
    let reads = 0;
    const read = () => {
      reads++;
      return new Promise<never>(() => undefined);
    };
    const core = { ...bed.core, journal: { ...bed.core.journal, read } };
    const inFlight = createInFlight(core);
    void createReconcile(core, inFlight, createStop(core, inFlight)).start();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(reads).toBe(1);
  });

  it('forgets those that no longer run here, unless a scanner could not look', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    bed.core.recordCache.set('gone', { agentId: 'gone', status: 'running', sandboxes: [], labels: {} });
    const blind = { scan: () => Promise.reject(new Error('broken')), watch: () => () => undefined };
    await reconcileOn({ ...bed.core, scanners: [bed.containers, blind] }).start();
    expect([...bed.core.recordCache.keys()]).toEqual(['gone', 'a1']);
    await reconcileOn(bed.core).start();
    expect([...bed.core.recordCache.keys()]).toEqual(['a1']);
  });

  it('that is closed has ended what it had begun, and begins nothing any more', async () => {
    const bed = fakeCore();
    await owing(bed);
    bed.containers.inject('kill', 'late');
    const reconcile = reconcileOn(bed.core);
    void reconcile.start();
    await expect.poll(() => bed.containers.calls.filter(call => call.method === 'kill').length).toBe(2);
    let isClosed = false;
    const closing = reconcile.close().then(() => {
      isClosed = true;
    });
    await new Promise(setImmediate);
    expect(isClosed).toBe(false);
    bed.containers.release();
    await closing;
    expect(await bed.record('a1')).toMatchObject({ kill: { pending: [] } });
    const back = await resurrected(bed);
    reconcile.wake();
    await new Promise(resolve => setTimeout(resolve, 5));
    expect(await back.isRunning()).toBe(true);
  });

  it('that is closed has also ended what a start had begun', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    await stopOn(bed.core).stop(killOf('a1'));
    const reconcile = reconcileOn(bed.core);
    bed.containers.inject('kill', 'late');
    const back = bed.containers.spawn('a1');
    const kills = () => bed.containers.calls.filter(({ method }) => method === 'kill').length;
    await expect.poll(kills).toBe(2);
    let isClosed = false;
    const closing = reconcile.close().then(() => {
      isClosed = true;
    });
    await new Promise(setImmediate);
    expect(isClosed).toBe(false);
    bed.containers.release();
    await closing;
    expect(await back.isRunning()).toBe(false);
  });

  it('reads all records once at a time, however long that takes', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const bed = fakeCore();
    const { records } = bed.core;
    let scans = 0;
    let go = (): void => undefined;
    const held = new Promise<void>(resolve => {
      go = resolve;
    });
    const scan: typeof records.scan = async function* (scope) {
      scans += 1;
      await held;
      yield* records.scan(scope);
    };
    const reconcile = reconcileOn({ ...bed.core, records: { ...records, scan } });
    void reconcile.start();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(scans).toBe(1);
    go();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(scans).toBeGreaterThan(1);
  });
});
