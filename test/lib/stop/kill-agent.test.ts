import { describe, expect, it } from 'vitest';
import type { Sandbox } from '../../../lib/ports/sandbox.js';
import { killAgent } from '../../../lib/stop/kill-agent.js';
import { openEntry, type Stoppable } from '../../../lib/stop/receipt.js';
import { byLabel, fakeCore } from '../../fakes/core.js';

type Bed = ReturnType<typeof fakeCore>;

const stop = async (bed: Bed, agent: Stoppable, graceMs = 0) => {
  const kill = { ...byLabel(agent.agentId), agent, graceMs };
  const claims = { against: () => async () => undefined };
  const entry = openEntry(kill, bed.clock, one => killAgent({ ...bed.core, claims }, kill, one));
  await entry.done;
  return Object.fromEntries(entry.outcomes.map(({ layer, outcome }) => [layer, outcome]));
};
const worktreePath = '/worktrees/a1';

describe('stopping one agent of this host', () => {
  it('asks every sandbox, whatever the record says', async () => {
    const bed = fakeCore();
    const [container, process] = [bed.containers.spawn('a1'), bed.processes.spawn('a1')];
    expect(await stop(bed, { agentId: 'a1' })).toEqual({ container: 'removed', process: 'dead' });
    expect([await container.isRunning(), await process.isRunning()]).toEqual([false, false]);
  });

  it('hands on all that the record names, under the operation', async () => {
    const bed = fakeCore();
    const agent = { agentId: 'a1', worktreePath, repository: '/r' };
    bed.trees.standing.add(worktreePath);
    const { sandboxes = [] } = bed.containers.spawn('a1').target;
    await stop(bed, { ...agent, sandboxes });
    expect(bed.trees.calls).toMatchObject([
      { agentId: 'a1', operationId: 'op', worktreePath, repository: '/r' },
    ]);
  });

  it('passes the grace on', async () => {
    const bed = fakeCore();
    await stop(bed, { agentId: 'a1' }, 7_000);
    expect(bed.containers.calls[0]).toMatchObject({ method: 'kill', graceMs: 7_000 });
  });

  it('removes only the remains of what was seen dead', async () => {
    const bed = fakeCore();
    expect(await stop(bed, { agentId: 'gone' })).toMatchObject({ container: 'notFound' });
    bed.containers.spawn('a1');
    bed.containers.inject('kill', 'throws');
    expect(await stop(bed, { agentId: 'a1' })).toMatchObject({ container: 'failed' });
    expect(bed.containers.calls.map(({ method }) => method)).toEqual(['kill', 'kill']);
  });

  it('owes a process that was dead, may have come back and could not be watched', async () => {
    const { core, ...rest } = fakeCore();
    const calls: unknown[] = [];
    const place = { layer: 'process', kind: 'process' } as const;
    const sandbox: Sandbox = {
      kind: 'process',
      mayComeBack: true,
      kill: async target => {
        calls.push(target);
        return { ...place, outcome: 'dead', needsRemoval: true };
      },
      pause: async () => ({ ...place, outcome: 'failed' }),
      resume: async () => ({ ...place, outcome: 'failed' }),
      remove: async () => ({ ...place, outcome: 'failed' }),
      probe: async () => ({ name: 'process', ok: true }),
    };
    const bed = { ...rest, core: { ...core, sandboxes: [sandbox] } };
    const found = { detector: 'claude', process: { pid: 7, startTime: '5', bootId: 'b' } };
    expect(await stop(bed, { agentId: 'a1', ...found })).toEqual({ process: 'failed' });
    expect(calls).toMatchObject([{ agentId: 'a1', detector: 'claude', bootId: 'b' }]);
  });

  it('moves a worktree only when every sandbox says that nothing runs', async () => {
    const bed = fakeCore();
    bed.trees.standing.add(worktreePath);
    bed.containers.spawn('a1');
    bed.processes.inject('kill', 'throws');
    expect(await stop(bed, { agentId: 'a1', worktreePath })).toEqual({
      container: 'removed',
      process: 'failed',
      worktree: 'pending',
    });
    expect(bed.trees.calls).toEqual([]);
    expect(await stop(bed, { agentId: 'a1', worktreePath })).toMatchObject({ worktree: 'removed' });
  });

  it('leaves the worktree of a refused sandbox in place, and owes it', async () => {
    const bed = fakeCore();
    bed.trees.standing.add(worktreePath);
    const other = bed.containers.spawn('a2');
    const { sandboxes = [] } = other.target;
    expect(await stop(bed, { agentId: 'a1', worktreePath, sandboxes })).toMatchObject({
      container: 'refused',
      worktree: 'pending',
    });
    expect(bed.trees.calls).toEqual([]);
    expect(await other.isRunning()).toBe(true);
  });

  it('does not keep the worktree waiting for the removal of a container', async () => {
    const bed = fakeCore();
    bed.trees.standing.add(worktreePath);
    bed.containers.spawn('a1');
    bed.containers.inject('remove', 'late');
    const stopped = stop(bed, { agentId: 'a1', worktreePath });
    await expect.poll(() => bed.trees.standing.size).toBe(0);
    bed.containers.release();
    expect(await stopped).toMatchObject({ container: 'removed', worktree: 'removed' });
  });

  it('clears the worktree with sandboxing switched off', async () => {
    const bed = fakeCore({ sandboxes: [] });
    bed.trees.standing.add(worktreePath);
    expect(await stop(bed, { agentId: 'a1', worktreePath })).toEqual({
      container: 'skipped',
      worktree: 'removed',
    });
    expect(await stop(bed, { agentId: 'a1' })).toEqual({ container: 'skipped' });
  });
});
