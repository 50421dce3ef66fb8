import { describe, expect, it } from 'vitest';
import type { Scan, Scanner } from '../../../lib/ports/scanner.js';
import { narrowedTo } from '../../fakes/authenticator.js';
import { fakeCore, killAllOf, killOf, startOn, stopOn } from '../../fakes/core.js';

/** A scanner that answers with these, one after another, and with the last one for ever. */
function scripted(...answers: (() => Scan)[]): Scanner & { asked(): number } {
  let asked = 0;
  return {
    asked: () => asked,
    scan: async () => (answers[asked++] ?? (answers.at(-1) as () => Scan))(),
    watch: () => () => undefined,
  };
}
const NOTHING = (): Scan => ({ seen: [] });
const BLIND = (): Scan => ({ seen: [], blind: 'the engine does not answer' });

describe('a kill-all', () => {
  it('stops, counts and names what runs without a record, however young, and writes its record', async () => {
    const bed = fakeCore();
    const registered = await bed.agent('a1');
    const stray = bed.containers.spawn('a2', { startedAt: bed.clock.now() });
    const receipt = await stopOn(bed.core).stop(killAllOf());
    expect(receipt).toMatchObject({ total: 2, killed: 2, verified: true });
    expect(receipt.agents.map(({ agentId }) => agentId)).toEqual(['a1', 'a2']);
    expect([await registered.isAlive(), await stray.isRunning()]).toEqual([false, false]);
    expect(await bed.record('a2')).toMatchObject({ status: 'killed', source: 'observed', host: 'h1' });
    expect(await bed.core.records.tombstoned(['a2'])).toEqual([true]);
  });

  it.each(['completed', 'failed'] as const)('stops what runs though its record says %s', async status => {
    const bed = fakeCore();
    const agent = await bed.agent('a1', { status });
    expect(await stopOn(bed.core).stop(killAllOf())).toMatchObject({ total: 1, killed: 1, verified: true });
    expect(await agent.isAlive()).toBe(false);
    expect(await bed.record('a1')).toMatchObject({ status: 'killed' });
  });

  it('stops again what was killed and settled, and runs', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    const stop = stopOn(bed.core);
    await stop.stop(killOf('a1'));
    bed.clock.advance(1_000);
    const again = bed.containers.spawn('a1');
    const command = killAllOf();
    expect(await stop.stop(command)).toMatchObject({ total: 1, killed: 1, verified: true });
    expect(await again.isRunning()).toBe(false);
    expect(await bed.record('a1')).toMatchObject({ kill: { operationId: command.operationId } });
  });

  it('takes no sighting for news that is older than a kill of the agent', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1');
    const { containerId = '' } = (await bed.record('a1')) as { containerId?: string };
    const stale = scripted(() => ({ seen: [{ agentId: 'a1', kind: 'docker', id: containerId }] }), NOTHING);
    const command = killAllOf();
    const receipt = await stopOn({ ...bed.core, scanners: [stale] }).stop(command);
    expect(receipt).toMatchObject({ total: 1, killed: 1 });
    expect(await agent.isAlive()).toBe(false);
    expect(bed.store.memory.audit.filter(({ operation }) => operation === 'KILL_AGENT')).toHaveLength(2);
  });

  it.each([
    [{ source: 'observed' }, ['a2']],
    [{ detector: 'label' }, ['a2']],
    [{ source: 'registered' }, ['a1']],
    [{ host: 'h1' }, ['a2']],
    [{ agentIds: ['a2'] }, ['a2']],
    [{ status: 'running' }, ['a1', 'a2']],
    [{ status: 'spawning' }, []],
  ] as const)('narrowed by %j stops %j', async (selector, stopped) => {
    const bed = fakeCore();
    await bed.agent('a1');
    bed.containers.spawn('a2');
    const receipt = await stopOn(bed.core).stop(killAllOf({ selector: selector as object }));
    expect(receipt.agents.map(({ agentId }) => agentId)).toEqual(stopped);
  });

  it('for a task leaves what has no record running, and says so', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    const stray = bed.containers.spawn('a2');
    const receipt = await stopOn(bed.core).stop(killAllOf({ selector: { taskId: 't1' } }));
    expect(receipt).toMatchObject({
      total: 1,
      warnings: ['left running, for they have no record that says whether they are selected: a2'],
    });
    expect(await stray.isRunning()).toBe(true);
  });

  it('by a credential narrowed to a task reaches nothing outside of it', async () => {
    const bed = fakeCore();
    const stray = bed.containers.spawn('a2');
    const other = await bed.agent('a3', { status: 'completed', members: { taskId: 't2' } });
    await stopOn(bed.core).stop(killAllOf({ actor: narrowedTo({ taskId: 't1' }) }));
    expect([await stray.isRunning(), await other.isAlive()]).toEqual([true, true]);
  });

  it('stops what started while it went on', async () => {
    const bed = fakeCore();
    const scanner = scripted(
      NOTHING,
      () => ({ seen: [] }),
      () => ({ seen: [] }),
    );
    let late: { isRunning(): Promise<boolean> } | undefined;
    const core = {
      ...bed.core,
      scanners: [
        {
          ...scanner,
          async scan() {
            const now = await bed.containers.scan();
            late ??= bed.containers.spawn('late');
            return now;
          },
        },
      ],
    };
    bed.containers.spawn('a1');
    expect(await stopOn(core).stop(killAllOf())).toMatchObject({ total: 2, killed: 2 });
    expect(await late?.isRunning()).toBe(false);
  });

  it('of a dry run counts once what has a record, and names what has none', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    const stray = bed.containers.spawn('a2');
    const receipt = await stopOn(bed.core).stop(killAllOf({ dryRun: true }));
    expect(receipt.agents.map(({ agentId }) => agentId)).toEqual(['a1', 'a2']);
    expect(await stray.isRunning()).toBe(true);
  });

  it('never says that there are no agents while it cannot see them', async () => {
    const bed = fakeCore({ scanners: [scripted(BLIND)], limits: { killMs: 0 } });
    const receipt = await stopOn(bed.core).stop(killAllOf());
    expect(receipt).toMatchObject({
      message: 'No active agents found yet',
      verified: false,
      incomplete: true,
      warnings: ['not everything that runs could be seen: the engine does not answer'],
    });
  });

  it('looks again while it cannot see, and stops what it sees then', async () => {
    const bed = fakeCore();
    const stray = bed.containers.spawn('a2');
    let blind = 2;
    const scanner: Scanner = {
      scan: async () => (blind-- > 0 ? BLIND() : bed.containers.scan()),
      watch: () => () => undefined,
    };
    const receipt = await stopOn({ ...bed.core, scanners: [scanner] }).stop(killAllOf());
    expect(receipt).toMatchObject({ total: 1, killed: 1, verified: true });
    expect(receipt.incomplete).toBeUndefined();
    expect(await stray.isRunning()).toBe(false);
  });

  it('ends although something new is seen at every look', async () => {
    const bed = fakeCore();
    let count = 0;
    const scanner: Scanner = {
      scan: async () => {
        bed.containers.spawn(`new-${++count}`);
        return bed.containers.scan();
      },
      watch: () => () => undefined,
    };
    const receipt = await stopOn({ ...bed.core, scanners: [scanner] }).stop(killAllOf());
    expect(receipt.total).toBe(16);
  });
});

describe('a kill', () => {
  it('of what runs without a record works while the engine hangs', async () => {
    const bed = fakeCore({ scanners: [scripted(BLIND)] });
    const stray = bed.containers.spawn('a1');
    const receipt = await stopOn(bed.core).stop(killOf('a1'));
    expect(receipt).toMatchObject({ total: 1, killed: 1, verified: true });
    expect(await stray.isRunning()).toBe(false);
    expect(await bed.core.records.tombstoned(['a1'])).toEqual([true]);
  });

  it('of an unknown agent says how many processes could not be read', async () => {
    const bed = fakeCore({ scanners: [scripted(() => ({ seen: [], unread: 12 }))] });
    await expect(stopOn(bed.core).stop(killOf('a1'))).rejects.toMatchObject({
      code: 'agent_not_found',
      message: 'Unknown agent a1: it has no record, and this user may not read 12 processes of this host',
    });
  });

  it('of an agent whose record says completed is tried while its sandbox cannot be seen', async () => {
    const bed = fakeCore({ scanners: [scripted(BLIND)] });
    const agent = await bed.agent('a1', { status: 'completed' });
    expect(await stopOn(bed.core).stop(killOf('a1'))).toMatchObject({ verified: true });
    expect(await agent.isAlive()).toBe(false);
  });

  it('of an agent that was seen dead is refused, also while its sandbox cannot be seen', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    await stopOn(bed.core).stop(killOf('a1'));
    const stop = stopOn({ ...bed.core, scanners: [scripted(BLIND)] });
    await expect(stop.stop(killOf('a1'))).rejects.toMatchObject({ code: 'invalid_state' });
  });

  it('of what runs without a record expects the container that runs', async () => {
    const bed = fakeCore();
    const [one, other] = [bed.containers.spawn('a1'), bed.containers.spawn('a1')];
    const expectedContainerId = other.target.id as string;
    await stopOn(bed.core).stop(killOf('a1', { expectedContainerId }));
    expect([await one.isRunning(), await other.isRunning()]).toEqual([false, false]);
    expect(await bed.record('a1')).toMatchObject({ containerId: expectedContainerId });
    bed.containers.spawn('a2');
    await expect(
      stopOn(bed.core).stop(killOf('a2', { expectedContainerId: 'f'.repeat(64) })),
    ).rejects.toMatchObject({ code: 'container_changed' });
  });
});

describe('a worktree that two records name', () => {
  const worktreePath = '/worktrees/shared';
  const members = { worktreePath, repository: '/repositories/app' };

  it('is not moved while the other agent is active, and the refusal names it', async () => {
    const bed = fakeCore();
    bed.trees.standing.add(worktreePath);
    const victim = await bed.agent('victim', { worktree: false, members });
    await bed.agent('mallory', { worktree: false, members: { ...members, taskId: 't2' } });
    const receipt = await stopOn(bed.core).stop(killOf('mallory', { actor: narrowedTo({ taskId: 't2' }) }));
    expect(receipt).toMatchObject({ verified: true, pending: 1 });
    expect(receipt.agents[0]?.outcomes).toContainEqual(
      expect.objectContaining({
        layer: 'worktree',
        outcome: 'refused',
        detail: expect.stringContaining('victim'),
      }),
    );
    expect([await victim.isAlive(), bed.trees.standing.has(worktreePath)]).toEqual([true, true]);
  });

  it('is moved in the end when both are killed', async () => {
    const bed = fakeCore();
    bed.trees.standing.add(worktreePath);
    for (const agentId of ['a1', 'a2']) await bed.agent(agentId, { worktree: false, members });
    await stopOn(bed.core).stop(killAllOf());
    await startOn(bed.core);
    expect(bed.trees.standing.has(worktreePath)).toBe(false);
    for (const agentId of ['a1', 'a2'])
      expect(await bed.record(agentId)).toMatchObject({ kill: { pending: [] } });
  });
});
