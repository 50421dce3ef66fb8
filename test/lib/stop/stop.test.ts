import { describe, expect, it } from 'vitest';
import { KillswitchError } from '../../../lib/domain/errors.js';
import { scenarios } from '../../conformance/scenarios.js';
import { fakeCore, killAllOf, killOf, stopOn } from '../../fakes/core.js';
import { atDeadlines } from '../../fakes/deadlines.js';

scenarios('fakes', async () => ({ ...fakeCore(), close: async () => undefined }));

const soon = { limits: { respondMs: 20 } };

describe('an answer by the deadline', () => {
  it('says what was seen of one agent so far, and the work goes on', async () => {
    const bed = fakeCore(soon);
    const agent = await bed.agent('a1');
    bed.containers.inject('kill', 'late');
    const stop = stopOn(bed.core);
    expect(await atDeadlines(() => stop.stop(killOf('a1')))).toMatchObject({
      message: 'Agent a1 is not confirmed dead: container pending, worktree pending',
      verified: false,
      total: 1,
      killed: 0,
      failed: 1,
      pending: 1,
      agents: [{ statusBefore: 'running', pending: ['container', 'worktree'] }],
    });
    bed.containers.release();
    await stop.idle();
    expect(await bed.record('a1')).toMatchObject({ kill: { pending: [] } });
    expect(await agent.hasWorktree()).toBe(false);
  });

  it('says that an agent is dead while its remains are still being removed', async () => {
    const bed = fakeCore(soon);
    await bed.agent('a1');
    bed.containers.inject('remove', 'hangs');
    expect(await atDeadlines(() => stopOn(bed.core).stop(killOf('a1')))).toMatchObject({
      message: 'Agent a1 is dead; not cleaned up yet: container',
      verified: true,
      killed: 1,
      pending: 1,
    });
  });

  it.each(['agents', 'commit'] as const)('claims nothing when the store hangs at %s', async method => {
    const bed = fakeCore(soon);
    await bed.agent('a1');
    bed.store.faults.hang(method);
    expect(await atDeadlines(() => stopOn(bed.core).stop(killOf('a1')))).toMatchObject({
      message: 'Agent a1 is not killed yet: the store has not answered',
      incomplete: true,
      verified: false,
      total: 0,
    });
  });

  it('does not call a kill-all done that is still looking for agents', async () => {
    const bed = fakeCore(soon);
    await bed.agent('a1');
    let go: () => void = () => undefined;
    const held = new Promise<void>(resolve => {
      go = resolve;
    });
    const { records } = bed.core;
    const core = {
      ...bed.core,
      records: {
        ...records,
        async *scan(scope: 'active' | 'all') {
          if (scope === 'all') await held;
          yield* records.scan(scope);
        },
      },
    };
    bed.store.seedForeign('foreign', '{"status":"running"}');
    const stop = stopOn(core);
    expect(await atDeadlines(() => stop.stop(killAllOf()))).toMatchObject({
      message: '1 of 1 agent killed, not every agent was reached',
      incomplete: true,
      verified: false,
      total: 1,
    });
    go();
    await stop.idle();
    expect(await bed.record('foreign')).toMatchObject({ status: 'killed' });
    expect(bed.store.memory.audit).toContainEqual(
      expect.objectContaining({ operation: 'KILL_ALL_AGENTS', phase: 'settled', total: 2 }),
    );
  });

  it('is not kept back by a client that went away, nor is the work', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1');
    const stop = stopOn(bed.core);
    void stop.stop(killOf('a1'));
    await stop.idle();
    expect(await agent.isAlive()).toBe(false);
    expect(await bed.record('a1')).toMatchObject({ status: 'killed', kill: { pending: [] } });
  });

  it('logs what goes wrong after it', async () => {
    const bed = fakeCore(soon);
    await bed.agent('a1', { container: false });
    let go: () => void = () => undefined;
    const held = new Promise<void>(resolve => {
      go = resolve;
    });
    bed.store.faults.late('agents', held);
    const stop = stopOn(bed.core);
    await atDeadlines(() => stop.stop(killOf('a1')));
    bed.store.memory.documents.clear();
    go();
    await stop.idle();
    await expect
      .poll(() => bed.log.lines)
      .toContainEqual(expect.objectContaining({ level: 'error', message: 'command failed late' }));
  });
});

it('writes the operation down before its first read, so that a store without writes is known before a mark', async () => {
  const bed = fakeCore();
  await bed.agent('a1');
  const asked: string[] = [];
  const { records } = bed.core;
  const noted =
    <A extends unknown[], R>(name: string, act: (...args: A) => R) =>
    (...args: A): R => {
      asked.push(name);
      return act(...args);
    };
  const core = {
    ...bed.core,
    records: { ...records, commit: noted('write', records.commit), agents: noted('read', records.agents) },
  };
  await stopOn(core).stop(killOf('a1'));
  expect(asked.slice(0, 3)).toEqual(['write', 'read', 'write']);
});

describe('a dry run', () => {
  it('changes nothing and starts nothing', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    await bed.agent('a2', { status: 'spawning' });
    const before = structuredClone(bed.store.memory);
    const stop = stopOn(bed.core);
    expect(await stop.stop(killAllOf({ dryRun: true }))).toMatchObject({
      message: 'Dry run: 2 agents would be marked killed and stopped; what runs of them was not looked at',
      agents: [
        { agentId: 'a1', statusBefore: 'running' },
        { agentId: 'a2', statusBefore: 'spawning' },
      ],
    });
    expect(await stop.stop(killOf('a1', { dryRun: true }))).toMatchObject({
      message: 'Dry run: 1 agent would be marked killed and stopped; what runs of them was not looked at',
      verified: false,
    });
    await stop.idle();
    expect(bed.store.memory).toEqual(before);
    expect(new Set(bed.containers.calls.map(({ method }) => method))).toEqual(new Set(['sightings']));
    expect([...bed.trees.calls, ...bed.log.lines]).toEqual([]);
  });

  it('refuses what a kill would refuse', async () => {
    const bed = fakeCore();
    await bed.agent('a1', { status: 'completed', container: false });
    const stop = stopOn(bed.core);
    await expect(stop.stop(killOf('a1', { dryRun: true }))).rejects.toMatchObject({ code: 'invalid_state' });
    await expect(stop.stop(killOf('a2', { dryRun: true }))).rejects.toMatchObject({
      code: 'agent_not_found',
    });
  });

  it('of many shows those that were found before the store went away, and starts nothing', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1');
    const { records } = bed.core;
    async function* scan(scope: 'active' | 'all') {
      if (scope === 'all') throw new KillswitchError('store_unavailable');
      yield* records.scan(scope);
    }
    const stop = stopOn({ ...bed.core, records: { ...records, scan } });
    expect(await stop.stop(killAllOf({ dryRun: true }))).toMatchObject({
      dryRun: true,
      incomplete: true,
      total: 1,
    });
    expect(bed.log.lines).toMatchObject([{ level: 'error', message: 'selection ended early' }]);
    expect([await agent.isAlive(), bed.store.memory.audit]).toEqual([true, []]);
  });

  it('says what of its selector no active agent has', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    const command = killAllOf({ dryRun: true, selector: { taskId: 'another' } });
    expect(await stopOn(bed.core).stop(command)).toMatchObject({
      total: 0,
      warnings: ['no active agent is among the agents with task another'],
    });
  });
});
