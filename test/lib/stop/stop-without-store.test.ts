import { describe, expect, it } from 'vitest';
import type { Scanner } from '../../../lib/ports/scanner.js';
import { decodeCommand } from '../../../lib/store/command-codec.js';
import { fakeCore, killAllOf, killOf, startOn, stopOn } from '../../fakes/core.js';
import { atDeadlines } from '../../fakes/deadlines.js';
import { signing } from '../../fakes/signing.js';

type Bed = ReturnType<typeof fakeCore>;
type Method = Parameters<Bed['store']['faults']['fail']>[0];

const METHODS: readonly Method[] = [
  'read',
  'agents',
  'scan',
  'commit',
  'tombstoned',
  'debts',
  'append',
  'query',
];
const takeDown = ({ store }: Bed): void => {
  for (const method of METHODS) store.faults.fail(method);
};
/** With records that this process has read while the store still answered. */
async function remembering(bed: Bed): Promise<Bed> {
  await startOn(bed.core);
  return bed;
}
const intents = ({ journal }: Bed) =>
  [...journal.memory].map(([id, text]) => decodeCommand(signing, id, text));

describe('without a store, a kill', () => {
  it('reaches what a detector has found, which carries no label', async () => {
    const bed = fakeCore();
    const { core, processes } = bed;
    const found = { status: 'running', source: 'observed', sandboxes: [], labels: {} } as const;
    const ended = { ...found, agentId: 'claude-2', detector: 'claude', status: 'completed' } as const;
    core.recordCache.set('claude-1', { ...found, agentId: 'claude-1', detector: 'claude' });
    core.recordCache.set('claude-2', ended);
    core.recordCache.set('a3', { ...found, agentId: 'a3', detector: 'variable' });
    takeDown(bed);
    const { agents } = await stopOn(core).stop(killAllOf({ selector: { detector: 'claude' } }));
    expect(agents.map(({ agentId }) => agentId)).toEqual(['claude-1']);
    expect(processes.calls).toContainEqual(expect.objectContaining({ method: 'kill', agentId: 'claude-1' }));
  });

  it('stops what carries the label on this host, writes the order down, and says all that', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1');
    const other = await bed.agent('a2');
    takeDown(bed);
    const order = killOf('a1', { reason: 'runs away' });
    expect(await stopOn(bed.core).stop(order)).toMatchObject({
      message:
        '1 of 1 agent seen dead so far; ' + 'the store does not answer, so the rest is done when it is back',
      degraded: true,
      verified: false,
      total: 1,
      killed: 1,
      failed: 0,
      agents: [{ agentId: 'a1', verified: true }],
    });
    expect([await agent.isAlive(), await other.isAlive()]).toEqual([false, true]);
    expect(intents(bed)).toEqual([{ ...order, requestedAt: '2026-11-22T10:00:00.000Z' }]);
    expect(JSON.parse((await bed.store.memory.documents.get('agent:a1'))?.raw ?? '')).toMatchObject({
      status: 'running',
    });
  });

  it('leaves the worktree it knows where it is until the store says whose it is besides', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1');
    await remembering(bed);
    takeDown(bed);
    await stopOn(bed.core).stop(killOf('a1'));
    expect([await agent.isAlive(), await agent.hasWorktree()]).toEqual([false, true]);
    bed.store.faults.heal();
    await startOn(bed.core);
    await expect.poll(() => agent.hasWorktree()).toBe(false);
  });

  it('leaves the worktree of an agent that was never read', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1');
    takeDown(bed);
    await stopOn(bed.core).stop(killOf('a1'));
    expect([await agent.isAlive(), await agent.hasWorktree()]).toEqual([false, true]);
  });

  it.each(METHODS)('goes on when the store fails at %s alone', async method => {
    const bed = fakeCore();
    const agent = await bed.agent('a1');
    bed.store.faults.fail(method);
    expect(await stopOn(bed.core).stop(killOf('a1'))).toMatchObject({ killed: 1 });
    expect(await agent.isAlive()).toBe(false);
  });

  it('says so when it cannot be written down, and stops all the same', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1');
    takeDown(bed);
    bed.journal.faults.fail('append', { error: new Error('ENOSPC /var/secret') });
    const receipt = await stopOn(bed.core).stop(killOf('a1'));
    expect(receipt.errors).toEqual(['the order could not be written down: repeat it when the store is back']);
    expect(receipt).toMatchObject({ degraded: true, killed: 1 });
    expect(await agent.isAlive()).toBe(false);
    expect(bed.log.lines).toContainEqual(
      expect.objectContaining({ level: 'error', message: 'the journal was not written' }),
    );
  });

  it('is not held up by a journal that hangs', async () => {
    const bed = fakeCore({ limits: { respondMs: 40 } });
    const agent = await bed.agent('a1');
    takeDown(bed);
    bed.journal.faults.hang('append');
    const receipt = await atDeadlines(() => stopOn(bed.core).stop(killOf('a1')));
    expect(receipt).toMatchObject({ degraded: true, incomplete: true });
    expect(await agent.isAlive()).toBe(false);
  });

  it('as a dry run is refused, and nothing is written down', async () => {
    const bed = fakeCore();
    takeDown(bed);
    await expect(stopOn(bed.core).stop(killOf('a1', { dryRun: true }))).rejects.toMatchObject({
      code: 'store_unavailable',
    });
    expect(bed.journal.memory.size).toBe(0);
  });

  it('that cannot see it dead says so, and counts it as not killed', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    takeDown(bed);
    bed.containers.inject('kill', 'throws');
    expect(await stopOn(bed.core).stop(killOf('a1'))).toMatchObject({
      degraded: true,
      killed: 0,
      failed: 1,
      errors: ['a1: container failed: unexpected error'],
    });
  });
});

describe('without a store, a kill-all', () => {
  it('stops everything that carries a label on this host, records or no records', async () => {
    const bed = fakeCore();
    const agents = [await bed.agent('a1'), await bed.agent('a2', { status: 'spawning' })];
    const unknown = [bed.containers.spawn('nobody'), bed.processes.spawn('a9')];
    const bare = bed.containers.spawn('bare', { labelled: false });
    takeDown(bed);
    expect(await stopOn(bed.core).stop(killAllOf())).toMatchObject({ degraded: true, total: 4, killed: 4 });
    expect(await Promise.all(agents.map(one => one.isAlive()))).toEqual([false, false]);
    expect(await Promise.all([...unknown, bare].map(one => one.isRunning()))).toEqual([false, false, true]);
    expect(intents(bed)).toHaveLength(1);
  });

  it('by selector stops those that were read to be selected', async () => {
    const bed = fakeCore();
    const [one, other] = [await bed.agent('a1'), await bed.agent('a2', { members: { taskId: 't2' } })];
    await remembering(bed);
    takeDown(bed);
    await stopOn(bed.core).stop(killAllOf({ selector: { taskId: 't2' } }));
    expect([await one.isAlive(), await other.isAlive()]).toEqual([true, false]);
  });

  it('by ID needs no record', async () => {
    const bed = fakeCore();
    const [one, other] = [bed.containers.spawn('a1'), bed.containers.spawn('a2')];
    takeDown(bed);
    await stopOn(bed.core).stop(killAllOf({ selector: { agentIds: ['a2'] } }));
    expect([await one.isRunning(), await other.isRunning()]).toEqual([true, false]);
  });

  it('stops everything where records can be read and not written, by what was just read of them', async () => {
    const bed = fakeCore();
    const agents = [await bed.agent('a1'), await bed.agent('a2')];
    const other = await bed.agent('a3', { members: { taskId: 't3' } });
    bed.store.faults.fail('commit');
    const receipt = await stopOn(bed.core).stop(killAllOf({ selector: { taskId: 't1' } }));
    expect(receipt).toMatchObject({ degraded: true, total: 2, killed: 2 });
    for (const agent of agents) {
      expect([await agent.isAlive(), await agent.hasWorktree()]).toEqual([false, false]);
    }
    expect(await other.isAlive()).toBe(true);
  });

  it('says what could not be seen, and stops the rest', async () => {
    const blind: Scanner = {
      scan: () => Promise.reject(new Error('broken')),
      watch: () => () => undefined,
    };
    const bed = fakeCore();
    const agent = bed.containers.spawn('a1');
    takeDown(bed);
    const receipt = await stopOn({ ...bed.core, scanners: [blind, bed.containers] }).stop(killAllOf());
    expect(receipt).toMatchObject({
      incomplete: true,
      warnings: ['not everything that runs could be seen: a scanner does not answer'],
    });
    expect(await agent.isRunning()).toBe(false);
  });

  it('with the emergency stop engages it when the store is back', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    takeDown(bed);
    await stopOn(bed.core).stop(killAllOf({ latch: true }));
    bed.store.faults.heal();
    await startOn(bed.core);
    expect(bed.store.memory.documents.get('latch:')?.raw).toContain('holds');
  });
});
