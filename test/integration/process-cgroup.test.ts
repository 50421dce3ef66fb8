import { describe, expect, test } from 'vitest';
import { createCgroups } from '../../lib/adapters/cgroup/index.js';
import { createProcesses } from '../../lib/adapters/process/index.js';
import { LIMIT } from '../../lib/adapters/process/words.js';
import { isAlive } from '../services/agents.js';
import { readOf, signal } from '../services/proc.js';
import { freezer, makeCgroup, move, startIn, unified } from './cgroup.helper.js';
import { about, atOnce, newId, type Running, recordOf, run, silent } from './process.helper.js';

const isRunning = (process: Running | undefined): boolean =>
  process !== undefined && isAlive(process.pid, process.startTime);

describe.each([...unified, ...freezer])('With a cgroup of its own at $point', ({ point }) => {
  const kernel = createCgroups({ root: point });
  const sandbox = createProcesses({ kernel, log: silent });

  /** An agent, and a process of it that cleared its environment, lost its parent and made a session of its own. */
  async function startAgent(agentId: string, { group = makeCgroup(point), onTerm = '' } = {}) {
    const stray = `(setsid env -i sh -c 'echo stray $$; exec sleep 1000 >/dev/null' &)`;
    const script = `trap '${onTerm}' TERM; echo $$ >'${group}/cgroup.procs'; ${stray}; echo root $$; while :; do sleep 0.05; done`;
    const { root, stray: lost } = await run(script, { agentId, says: ['root', 'stray'] });
    await expect.poll(() => readOf(lost?.pid ?? 0, 'cmdline')).toContain('sleep');
    await expect.poll(() => readOf(lost?.pid ?? 0, 'stat')).toMatch(/\) \w 1 /);
    return { root, lost };
  }

  test('an agent dies with those who have nothing else in common with it', async () => {
    const agentId = newId();
    const { root, lost } = await startAgent(agentId);
    expect(await sandbox.kill(recordOf(agentId, root), atOnce())).toEqual({
      ...about(recordOf(agentId, root)),
      outcome: 'dead',
    });
    expect([isRunning(root), isRunning(lost)]).toEqual([false, false]);
    expect(kernel.look(`process:${agentId}`)).toBe('unknown');
    expect(await sandbox.kill(recordOf(agentId, root), atOnce())).toEqual({
      ...about(recordOf(agentId, root)),
      outcome: 'alreadyGone',
    });
  });

  test('an agent that is known by its variable alone dies with all that is in its cgroup', async () => {
    const agentId = newId();
    const { root, lost } = await startAgent(agentId);
    expect(await sandbox.kill(recordOf(agentId), atOnce())).toEqual({
      ...about(recordOf(agentId)),
      outcome: 'dead',
    });
    expect([isRunning(root), isRunning(lost)]).toEqual([false, false]);
  });

  test('what is in a cgroup below it dies, too', async () => {
    const [agentId, group] = [newId(), makeCgroup(point)];
    const { root, lost } = await startAgent(agentId, { group });
    move(lost?.pid ?? 0, makeCgroup(group, 'below'));
    expect(await sandbox.kill(recordOf(agentId), atOnce())).toEqual({
      ...about(recordOf(agentId)),
      outcome: 'dead',
    });
    expect([isRunning(root), isRunning(lost)]).toEqual([false, false]);
  });

  test('each cgroup that processes of an agent founded dies with it', async () => {
    const agentId = newId();
    const [one, other] = [await startAgent(agentId), await startAgent(agentId)];
    const target = recordOf(agentId, one.root);
    expect(await sandbox.kill(target, atOnce())).toEqual({ ...about(target), outcome: 'dead' });
    expect([one.lost, other.root, other.lost].map(isRunning)).toEqual([false, false, false]);
  });

  test('a cgroup that was seen as the agent’s is still its own when its founder is gone', async () => {
    const agentId = newId();
    const { root, lost } = await startAgent(agentId);
    await sandbox.scan();
    signal(root?.pid ?? 0, root?.startTime, 'SIGKILL');
    await expect.poll(() => isRunning(root)).toBe(false);
    expect(isRunning(lost)).toBe(true);
    expect(await sandbox.kill(recordOf(agentId, root), atOnce())).toEqual({
      ...about(recordOf(agentId, root)),
      outcome: 'dead',
    });
    expect(isRunning(lost)).toBe(false);
  });

  test('and is its own no more when another agent has come into it since', async () => {
    const agentId = newId();
    const group = makeCgroup(point);
    const { root, lost } = await startAgent(agentId, { group });
    await sandbox.scan();
    const { root: other } = await run('echo root $$; exec sleep 1000 >/dev/null', { agentId: newId() });
    move(other?.pid ?? 0, group);
    signal(root?.pid ?? 0, root?.startTime, 'SIGKILL');
    await expect.poll(() => isRunning(root)).toBe(false);
    expect(await sandbox.kill(recordOf(agentId, root), atOnce())).toMatchObject({ detail: LIMIT });
    expect([isRunning(lost), isRunning(other)]).toEqual([true, true]);
  });

  test.each([
    ['leaves on SIGTERM', 'exit 0', 120_000],
    ['ignores SIGTERM', '', 100],
  ])('an agent with grace that %s takes them along in the end', async (_, onTerm, graceMs) => {
    const agentId = newId();
    const { root, lost } = await startAgent(agentId, { onTerm });
    const options = { ...atOnce(), graceMs };
    expect(await sandbox.kill(recordOf(agentId, root), options)).toMatchObject({ outcome: 'dead' });
    expect([isRunning(root), isRunning(lost)]).toEqual([false, false]);
  });

  test('all of several kills at once see it dead', async () => {
    const agentId = newId();
    const { root, lost } = await startAgent(agentId);
    const kills = [1, 2, 3].map(() => sandbox.kill(recordOf(agentId, root), atOnce()));
    for (const { outcome } of await Promise.all(kills)) expect(outcome).toBeOneOf(['dead', 'alreadyGone']);
    expect([isRunning(root), isRunning(lost)]).toEqual([false, false]);
  });

  test('an agent dies alone where another one is in its cgroup', async () => {
    const [agentId, group] = [newId(), makeCgroup(point)];
    const { root, lost } = await startAgent(agentId, { group });
    const { root: other } = await run('echo root $$; exec sleep 1000 >/dev/null', { agentId: newId() });
    move(other?.pid ?? 0, group);
    expect(await sandbox.kill(recordOf(agentId, root), atOnce())).toMatchObject({ outcome: 'dead' });
    expect([root, lost, other].map(isRunning)).toEqual([false, true, true]);
  });

  test('a cgroup is no process’s own if another was in it before', async () => {
    const [agentId, group] = [newId(), makeCgroup(point)];
    const resident = await startIn([group], 1);
    const { root } = await startAgent(agentId, { group });
    expect(await sandbox.kill(recordOf(agentId, root), atOnce())).toMatchObject({ outcome: 'dead' });
    expect([isRunning(root), resident.isRunning()]).toEqual([false, true]);
  });

  test('an agent is spared that only the record of another one points at', async () => {
    const [own, victim] = [newId(), newId()];
    const { root, lost } = await startAgent(victim);
    expect(await sandbox.kill(recordOf(own, root), atOnce())).toMatchObject({ outcome: 'refused' });
    expect([isRunning(root), isRunning(lost)]).toEqual([true, true]);
  });
});
