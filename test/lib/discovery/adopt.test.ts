import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { register } from '../../../lib/agents/register.js';
import { adopt, claim, completeObserved } from '../../../lib/discovery/adopt.js';
import { createReconcile } from '../../../lib/reconcile/reconcile.js';
import { createInFlight } from '../../../lib/stop/in-flight.js';
import { createStop } from '../../../lib/stop/stop.js';
import { createHosts } from '../../../lib/store/hosts.js';
import { actorWith } from '../../fakes/authenticator.js';
import { fakeCore, killOf, startOn, stopOn } from '../../fakes/core.js';

type Bed = ReturnType<typeof fakeCore>;
const seconds = (bed: Bed, ago: number): number => bed.clock.now() - ago * 1_000;

describe('what runs here without a record', () => {
  it('gets one when its orchestrator had time to register it', async () => {
    const bed = fakeCore();
    const startedAt = seconds(bed, 10);
    const { target } = bed.containers.spawn('a1', { startedAt });
    bed.containers.spawn('young', { startedAt: seconds(bed, 1) });
    bed.processes.spawn('a2');
    await startOn(bed.core);
    expect(await bed.record('a1')).toEqual({
      agentId: 'a1',
      status: 'running',
      startedAt: new Date(startedAt).toISOString(),
      host: 'h1',
      sandboxes: target.sandboxes,
      containerId: target.id,
      labels: {},
      source: 'observed',
      detector: 'label',
    });
    expect(await bed.record('a2')).toMatchObject({ source: 'observed', detector: 'variable' });
    expect(await bed.stored('young')).toBeUndefined();
    expect(bed.store.memory.audit).toContainEqual(
      expect.objectContaining({ operation: 'ADOPT_AGENT', agentId: 'a1', actor: 'killswitch' }),
    );
  });

  it('is left to its registration where that comes first, and gives way to it afterwards', async () => {
    const bed = fakeCore();
    await bed.agent('a1', { worktree: false });
    const before = await bed.stored('a1');
    await adopt(bed.core, 'a1', []);
    expect(await bed.stored('a1')).toEqual(before);

    bed.containers.spawn('a2');
    await startOn(bed.core);
    const registered = await register(bed.core, actorWith(), 'a2', { status: 'running', taskId: 't9' });
    expect(registered.created).toBe(true);
    expect(await bed.record('a2')).not.toHaveProperty('source');
    expect(await bed.record('a2')).toMatchObject({ taskId: 't9' });
  });

  it('is completed when two looks that saw everything do not see it, and not earlier', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const bed = fakeCore();
    const { target } = bed.containers.spawn('a1');
    const inFlight = createInFlight(bed.core);
    const reconcile = createReconcile(bed.core, inFlight, createStop(bed.core, inFlight));
    onTestFinished(() => reconcile.close());
    await reconcile.start();
    expect(await bed.record('a1')).toMatchObject({ status: 'running' });
    await bed.containers.kill(target, { graceMs: 0, deadline: new AbortController().signal });
    await vi.advanceTimersByTimeAsync(3_000);
    expect(await bed.record('a1')).toMatchObject({ status: 'running' });
    await vi.advanceTimersByTimeAsync(3_000);
    await vi.waitFor(async () => expect(await bed.record('a1')).toMatchObject({ status: 'completed' }));
  });

  it('is completed by the node that is started after its own died, once a scan has shown that it is gone', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const bed = fakeCore();
    const members = { source: 'observed', host: 'h1' };
    await bed.agent('a1', { container: false, worktree: false, members });
    await bed.agent('a2', { container: false, worktree: false, members: { ...members, host: 'h2' } });
    const inFlight = createInFlight(bed.core);
    const reconcile = createReconcile(bed.core, inFlight, createStop(bed.core, inFlight));
    onTestFinished(() => reconcile.close());
    await reconcile.start();
    await vi.advanceTimersByTimeAsync(45_000);
    expect(await bed.record('a1')).toMatchObject({ status: 'completed' });
    expect(await bed.record('a2')).toMatchObject({ status: 'running' });
  });

  it('is not completed where its record says that it was registered, or killed', async () => {
    const bed = fakeCore();
    await bed.agent('a1', { container: false, worktree: false });
    await completeObserved(bed.core, 'a1');
    await completeObserved(bed.core, 'none');
    expect(await bed.record('a1')).toMatchObject({ status: 'running' });
  });
});

describe('a record without a host, where several nodes share the store', () => {
  const shared = () => fakeCore({ isAlone: () => false });

  it('is claimed by the node that sees its sandbox', async () => {
    const bed = shared();
    await bed.agent('a1', { worktree: false });
    await startOn(bed.core);
    expect(await bed.record('a1')).toMatchObject({ host: 'h1', status: 'running' });
    expect(bed.store.memory.audit).toContainEqual(expect.objectContaining({ operation: 'CLAIM_AGENT' }));
    expect(await claim(bed.core, 'a1')).toBeUndefined();
  });

  it('is not called gone by a node that does not have its sandbox', async () => {
    const bed = shared();
    await bed.agent('a1', {
      container: false,
      worktree: false,
      members: { containerId: 'c'.repeat(64) },
    });
    expect(await stopOn(bed.core).stop(killOf('a1'))).toMatchObject({
      message: 'Agent a1 is not confirmed dead: container blind',
      verified: false,
      pending: 1,
    });
    expect(await bed.record('a1')).toMatchObject({
      kill: {
        pending: ['container'],
        lastError: 'container: the record names no host, and it does not run on this one',
      },
    });
  });

  it('is stopped and settled by the node that sees it, whichever was asked', async () => {
    const bed = shared();
    const agent = await bed.agent('a1', { worktree: false });
    const elsewhere = { ...bed.core, hostId: 'h2', sandboxes: [fakeCore().containers], scanners: [] };
    await stopOn(elsewhere).stop(killOf('a1'));
    expect(await agent.isAlive()).toBe(true);
    await startOn(bed.core);
    expect(await agent.isAlive()).toBe(false);
    expect(await bed.record('a1')).toMatchObject({ host: 'h1', kill: { pending: [] } });
    await startOn(elsewhere);
    expect([...bed.store.memory.debts.keys()].filter(host => bed.store.memory.debts.get(host)?.size)).toEqual(
      [],
    );
  });

  it('is any node’s that is asked where it names no sandbox either', async () => {
    const bed = shared();
    await bed.agent('a1', { container: false, worktree: false });
    expect(await stopOn(bed.core).stop(killOf('a1'))).toMatchObject({
      message: 'Agent a1 killed successfully',
      pending: 0,
    });
  });
});

describe('the nodes that share a store', () => {
  it('know whether they are alone, once the store has answered', async () => {
    const bed = fakeCore();
    const [one, other] = ['h1', 'h2'].map(hostId => createHosts({ ...bed.core, hostId }));
    expect(one?.isAlone()).toBe(false);
    await one?.beat();
    expect(one?.isAlone()).toBe(true);
    await other?.beat();
    expect(other?.isAlone()).toBe(false);
    await one?.beat();
    expect(one?.isAlone()).toBe(false);
  });

  it('forget a node that was not heard of for a month', async () => {
    const bed = fakeCore();
    const [one, other] = ['h1', 'h2'].map(hostId => createHosts({ ...bed.core, hostId }));
    await other?.beat();
    bed.clock.advance(31 * 24 * 3_600_000);
    await one?.beat();
    expect(one?.isAlone()).toBe(true);
  });

  it('go on without a store, and without a list that can be read', async () => {
    const bed = fakeCore();
    const hosts = createHosts(bed.core);
    bed.store.faults.fail('read', { times: 1 });
    await hosts.beat();
    expect(hosts.isAlone()).toBe(false);
    bed.store.memory.documents.set('memory:hosts', { raw: '?', expiresAt: Number.POSITIVE_INFINITY });
    await hosts.beat();
    expect(hosts.isAlone()).toBe(true);
  });
});
