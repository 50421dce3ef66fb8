import { describe, expect, it } from 'vitest';
import { findContainers, stopContainers } from '../../../lib/reconcile/orphans.js';
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
    find: (graceMs = GRACE) => findContainers(bed.core, graceMs),
    async clean(graceMs = GRACE) {
      const order = { actor: actorWith({ subject: 'local:root' }), operationId: 'op-1' };
      const stopped = stopContainers(bed.core, inFlight, await findContainers(bed.core, graceMs), order);
      await Promise.all(stopped.map(({ done }) => done));
      return stopped;
    },
  };
}

describe('the containers that are left over', () => {
  it('are those of agents whose record says that they have ended', async () => {
    const { agent, find, spawn, store, processes } = openBench();
    spawn('stray', 60_000);
    await agent('active');
    for (const status of ['completed', 'failed', 'killed'] as const) {
      await agent(status, { status, container: false });
      spawn(status, 60_000);
    }
    await agent('process', { status: 'failed', container: false });
    spawn('process', 60_000, processes);
    spawn('unreadable', 60_000);
    store.seedForeign('unreadable', '{');
    await agent('adopted', { container: false, members: { source: 'observed' } });
    spawn('adopted', 60_000);
    const common = { ageMs: 60_000, young: false, seen: [{ kind: 'docker' }] };
    expect(await find()).toMatchObject([
      { agentId: 'completed', status: 'completed', ...common },
      { agentId: 'failed', status: 'failed', ...common },
      { agentId: 'killed', status: 'killed', ...common },
    ]);
  });

  it('are as old as the oldest of them', async () => {
    const { agent, find, spawn } = openBench();
    await agent('ended', { status: 'failed', container: false });
    spawn('ended', 1_000);
    spawn('ended', 40_000);
    expect(await find()).toMatchObject([{ ageMs: 40_000, young: false, seen: [{}, {}] }]);
  });

  it('are young for as long as the grace, and when their age is unknown', async () => {
    const { agent, find, spawn, clock, containers } = openBench();
    await agent('ended', { status: 'failed', container: false });
    await agent('timeless', { status: 'failed', container: false });
    spawn('ended', GRACE - 1);
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
    const stray = spawn('stray', 60_000);
    const active = await agent('active');
    await agent('young', { status: 'completed', container: false });
    const young = spawn('young', 1_000);
    await agent('ended', { status: 'completed', container: false });
    const ended = spawn('ended', 60_000);
    expect((await clean()).map(({ agent: { agentId } }) => agentId)).toEqual(['ended']);
    const running = [stray, young, ended].map(one => one.isRunning());
    expect(await Promise.all(running)).toEqual([true, true, false]);
    expect(await active.isAlive()).toBe(true);
    expect(trees.standing).toContain('/worktrees/ended');
    expect(await record('ended')).toMatchObject({ status: 'completed' });
  });

  it('is audited, one entry for each that it stopped', async () => {
    const { agent, clean, containers, spawn, store, log } = openBench();
    await agent('other', { status: 'completed', container: false });
    spawn('other', 60_000);
    await agent('ended', { status: 'failed', container: false });
    spawn('ended', 60_000);
    containers.inject('kill', 'throws', { agentId: 'ended' });
    await clean();
    const common = { operation: 'SWEEP', actor: 'local:root', operationId: 'op-1' };
    const entries = [
      { ...common, agentId: 'other', phase: 'settled', statusBefore: 'completed' },
      { ...common, agentId: 'ended', phase: 'unconfirmed', statusBefore: 'failed' },
    ];
    expect(
      store.memory.audit.toSorted((a, b) => ((a.agentId ?? '') > (b.agentId ?? '') ? -1 : 1)),
    ).toMatchObject(entries);
    expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(2);
  });
});
