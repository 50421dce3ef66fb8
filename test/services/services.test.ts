import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import {
  addWorktree,
  engine,
  git,
  isAlive,
  makeRepository,
  startContainer,
  startProcess,
  startTimeOf,
  temporaryDirectory,
} from './agents.js';
import { readOf } from './proc.js';

const parentOf = (pid: number) => Number(/\) \S (\d+)/.exec(readOf(pid, 'stat'))?.[1]);

describe('the services', () => {
  it('starts a container with 11 live processes, which the engine and the cgroup both see', async () => {
    const { id, name, pids } = await startContainer({ agentId: 'a:1' });
    expect(pids()).toHaveLength(11);
    const { Processes } = await engine().getContainer(id).top({ ps_args: '-o pid' });
    expect(
      Processes.flat()
        .map(Number)
        .sort((a: number, b: number) => a - b),
    ).toEqual(pids());
    const { Config, HostConfig, Name } = await engine().getContainer(id).inspect();
    expect(Config.Labels).toEqual({ 'killswitch.agent-id': 'a:1' });
    expect(HostConfig.NetworkMode).toBe('none');
    expect(Name).toBe(`/${name}`);
  });

  it('shows no process of a container that was killed', async () => {
    const { id, pids } = await startContainer({ agentId: 'a2', processes: 3, labelled: false });
    expect(pids()).toHaveLength(3);
    await engine().getContainer(id).kill();
    await engine().getContainer(id).wait();
    expect(pids()).toEqual([]);
  });

  it('starts a process tree with its daemonized members, which no longer have a parent in it', async () => {
    const tree = await startProcess({ agentId: 'a3', children: 2, daemonized: 2 });
    expect(tree.pids()).toHaveLength(5);
    expect(tree.startTime).toBe(startTimeOf(tree.pid));
    for (const pid of tree.pids()) expect(readOf(pid, 'environ')).toContain('KILLSWITCH_AGENT_ID=a3\0');
    for (const daemon of tree.daemons) expect(tree.pids()).not.toContain(parentOf(daemon));
    expect(tree.daemons).toHaveLength(2);
  });

  it('starts a process tree that ignores SIGTERM when asked to', async () => {
    const tree = await startProcess({ agentId: 'a4', children: 1, daemonized: 0, ignoreTerm: true });
    for (const pid of tree.pids()) {
      const ignored = BigInt(`0x${/SigIgn:\t(\w+)/.exec(readOf(pid, 'status'))?.[1]}`);
      expect(ignored & (1n << 14n)).not.toBe(0n);
    }
  });

  it('offers a store that answers PING', async () => {
    const redis = new Redis(inject('redisUrl'));
    onTestFinished(() => redis.disconnect());
    expect(await redis.ping()).toBe('PONG');
  });

  it('names the processes of the services that it started', () => {
    for (const key of ['dockerdPid', 'containerdPid', 'redisPid'] as const) {
      const pid = inject(key);
      expect(pid === null || isAlive(pid)).toBe(true);
    }
  });

  it('lists a worktree in a repository that it made', async () => {
    const directory = temporaryDirectory();
    const repository = await makeRepository(join(directory, 'app'));
    const worktree = await addWorktree(repository, join(directory, 'a5'), 'agent/a5');
    expect(existsSync(join(worktree, 'README.md'))).toBe(true);
    expect(await git(repository, 'worktree', 'list', '--porcelain')).toContain(`worktree ${worktree}\n`);
  });

  describe('a temporary directory', () => {
    let directory = '';

    it('exists during its test', () => {
      directory = temporaryDirectory();
      expect(existsSync(directory)).toBe(true);
    });

    it('is gone in the next one', () => {
      expect(existsSync(directory)).toBe(false);
    });
  });
});
