import { describe, expect, it } from 'vitest';
import { findLeftovers, sweep } from '../../../lib/reconcile/orphans.js';
import { createInFlight } from '../../../lib/stop/in-flight.js';
import { actorWith } from '../../fakes/authenticator.js';
import { fakeCore } from '../../fakes/core.js';

const GRACE = 30_000;

function openBench() {
  const bed = fakeCore();
  const inFlight = createInFlight(bed.core);
  const start = bed.clock.now();
  return {
    ...bed,
    /** Starts something with the agent's label so many milliseconds ago. */
    spawn: (agentId: string, ageMs: number, where = bed.containers) =>
      where.spawn(agentId, { startedAt: start - ageMs }),
    find: (graceMs = GRACE) => findLeftovers(bed.core, graceMs),
    async clean(graceMs = GRACE) {
      const order = { actor: actorWith({ subject: 'local:root' }), operationId: 'op-1' };
      const stopped = sweep(bed.core, inFlight, await findLeftovers(bed.core, graceMs), order);
      await Promise.all(stopped.map(({ done }) => done));
      return stopped;
    },
  };
}

describe('the leftovers', () => {
  it('are what carries a label and has no record, or one that has ended', async () => {
    const { agent, find, spawn, store } = openBench();
    spawn('stray', 60_000);
    await agent('active');
    for (const status of ['completed', 'failed', 'killed'] as const) {
      await agent(status, { status, container: false });
      spawn(status, 60_000);
    }
    spawn('unreadable', 60_000);
    store.seedForeign('unreadable', '{');
    await agent('adopted', { container: false, members: { source: 'observed' } });
    spawn('adopted', 60_000);
    const common = { ageMs: 60_000, young: false, seen: [{ kind: 'docker' }] };
    expect(await find()).toMatchObject([
      { agentId: 'stray', ...common },
      { agentId: 'completed', status: 'completed', ...common },
      { agentId: 'failed', status: 'failed', ...common },
      { agentId: 'killed', status: 'killed', ...common },
      { agentId: 'adopted', ...common },
    ]);
    for (const at of [0, -1]) expect((await find()).at(at)).not.toHaveProperty('status');
  });

  it('are as old as the oldest of them, on whatever layer', async () => {
    const { find, spawn, processes } = openBench();
    spawn('stray', 1_000);
    spawn('stray', 40_000, processes);
    expect(await find()).toMatchObject([{ ageMs: 40_000, young: false, seen: [{}, {}] }]);
  });

  it('are young for as long as the grace, and when their age is unknown', async () => {
    const { find, spawn, clock, containers } = openBench();
    spawn('stray', GRACE - 1);
    containers.spawn('timeless');
    expect(await find()).toMatchObject([{ young: true }, { agentId: 'timeless', young: true }]);
    clock.advance(1);
    expect(await find()).toMatchObject([{ young: false }, { young: true }]);
    expect(await find(0)).toMatchObject([{ young: false }, { young: false }]);
  });

  it('are not told while the store does not answer: every agent would be one', async () => {
    const { find, spawn, store } = openBench();
    spawn('stray', 60_000);
    store.faults.fail('agents');
    await expect(find()).rejects.toMatchObject({ code: 'store_unavailable' });
  });
});

describe('a sweep', () => {
  it('stops what is left over, and nothing else', async () => {
    const { agent, clean, spawn, trees, record } = openBench();
    const [stray, young] = [spawn('stray', 60_000), spawn('young', 1_000)];
    const active = await agent('active');
    await agent('ended', { status: 'completed', container: false });
    const ended = spawn('ended', 60_000);
    expect((await clean()).map(({ agent: { agentId } }) => agentId)).toEqual(['stray', 'ended']);
    const running = [stray, young, ended].map(one => one.isRunning());
    expect(await Promise.all(running)).toEqual([false, true, false]);
    expect(await active.isAlive()).toBe(true);
    expect(trees.standing).toContain('/worktrees/ended');
    expect(await record('ended')).toMatchObject({ status: 'completed' });
  });

  it('is audited, one entry for each that it stopped', async () => {
    const { agent, clean, containers, spawn, store, log } = openBench();
    spawn('stray', 60_000);
    await agent('ended', { status: 'failed', container: false });
    spawn('ended', 60_000);
    containers.inject('kill', 'throws', { agentId: 'ended' });
    await clean();
    const common = { operation: 'SWEEP', actor: 'local:root', operationId: 'op-1' };
    const entries = [
      { ...common, agentId: 'stray', phase: 'settled' },
      { ...common, agentId: 'ended', phase: 'unconfirmed', statusBefore: 'failed' },
    ];
    expect(
      store.memory.audit.toSorted((a, b) => ((a.agentId ?? '') > (b.agentId ?? '') ? -1 : 1)),
    ).toMatchObject(entries);
    expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(2);
  });
});
