import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createCgroups } from '../../lib/adapters/cgroup/index.js';
import { killLegacy } from '../../lib/adapters/cgroup/legacy.js';
import { locate } from '../../lib/adapters/cgroup/locate.js';
import { createProc } from '../../lib/adapters/cgroup/proc.js';
import type { Kernel } from '../../lib/ports/kernel.js';
import { cgroupsOf } from '../services/cgroups.js';
import { freezer, makeCgroup, mounts, move, newId, pids, startIn, unified } from './cgroup.helper.js';
import { type FakeMachine, layOut } from './cgroup-tree.helper.js';

const nobody = (): boolean => false;

describe.each([...unified, ...freezer, ...pids])('cgroups at $point', ({ point }) => {
  let kernel: Kernel;
  beforeEach(() => {
    kernel = createCgroups({ root: point });
  });
  const home = cgroupsOf(process.pid).find(directory => directory.startsWith(point)) ?? point;
  const away: number[] = [];
  const lead = (pid: number, directory: string): void => {
    away.push(pid);
    move(pid, directory);
  };
  const comeHome = (): void => {
    for (const pid of away.splice(0)) move(pid, home);
  };
  afterEach(comeHome);

  test.each([
    ['this process', process.pid],
    ['the one that started it', process.ppid],
  ])('are never learnt while %s is in or below one', async (_, pid) => {
    const id = newId();
    const group = makeCgroup(point, id);
    const tree = await startIn([group], 1);
    const child = makeCgroup(group, 'child');
    lead(pid, child);
    kernel.remember(id, tree.pid);
    expect(kernel.rememberOwn(id, tree.pid, nobody)).toBe(false);
    expect(kernel.look(id)).toBe('unknown');
    expect(kernel.kill([id])).toEqual([]);
    expect((await kernel.probe()).detail).toContain('not usable: the cgroup also holds this service');
    comeHome();
    kernel.remember(id, tree.pid);
    expect(kernel.kill([id])).toEqual([id]);
  });

  test('are not killed when this process has come into one later', async () => {
    const id = newId();
    const group = makeCgroup(point, id);
    const tree = await startIn([group], 1);
    kernel.remember(id, tree.pid);
    lead(process.pid, group);
    expect(kernel.kill([id])).toEqual([]);
    expect(tree.isRunning()).toBe(true);
    comeHome();
    expect(kernel.kill([id])).toEqual([id]);
  });

  test('are not learnt for a process that is in the root', async () => {
    const tree = await startIn([], 1);
    kernel.remember('rooted', tree.pid);
    expect(kernel.look('rooted')).toBe('unknown');
    process.kill(-tree.pid, 'SIGKILL');
  });

  test('are not owned by a process that found an older one there', async () => {
    const group = makeCgroup(point);
    const older = await startIn([group], 0);
    const agent = await startIn([group], 1);
    expect(kernel.rememberOwn('joined', agent.pid, nobody)).toBe(false);
    kernel.remember('joined', agent.pid);
    expect(kernel.look('joined')).toBe('unknown');
    expect(older.isRunning()).toBe(true);
  });

  test('are not owned when a process below them is foreign', async () => {
    const group = makeCgroup(point);
    const agent = await startIn([group], 1);
    const stranger = await startIn([makeCgroup(group, 'child')], 0);
    const isForeign = vi.fn((pid: number) => pid === stranger.pid);
    expect(kernel.rememberOwn('mixed', agent.pid, isForeign)).toBe(false);
    expect(isForeign).not.toHaveBeenCalledWith(agent.pid);
    expect(kernel.rememberOwn('mixed', agent.pid, nobody)).toBe(true);
  });

  test('are not owned when it cannot be told who is foreign', async () => {
    const log = { warn: vi.fn(), error: vi.fn(), info: vi.fn() };
    const agent = await startIn([makeCgroup(point)], 1);
    const refuse = (): boolean => {
      throw new Error('unreadable');
    };
    expect(createCgroups({ root: point, log }).rememberOwn('unclear', agent.pid, refuse)).toBe(false);
    expect(log.error).toHaveBeenCalledOnce();
  });

  test('are not learnt when the PID went to another process while they were read', async () => {
    const { pid } = await startIn([makeCgroup(point)], 0);
    const proc = createProc('/proc');
    const at = mounts.filter(mount => mount.point === point);
    const claim = { isForeign: nobody };
    expect(locate({ proc, mounts: at }, pid, claim).places).toHaveLength(1);
    const times = [1, 1, 2];
    const reused = { ...proc, startTimeOf: () => times.shift() ?? 2 };
    expect(locate({ proc: reused, mounts: at }, pid, claim)).toEqual({ places: [] });
  });
});

describe('on a machine that is laid out for it', () => {
  const id = newId();
  const machine = (guarded: Readonly<Record<number, string>>, members: readonly number[] = []): FakeMachine =>
    layOut({
      mounts: [['cgroup2', '/', '.']],
      processes: {
        ...Object.fromEntries(
          Object.entries(guarded).map(([pid, path]) => [pid, { cgroup: [`0::${path}`] }]),
        ),
        [process.pid]: { cgroup: ['0::/own'], parent: 50 },
        50: { cgroup: [`0::${guarded[50] ?? '/own'}`], parent: 40 },
        40: { cgroup: [`0::${guarded[40] ?? '/own'}`], parent: 0 },
        4242: { cgroup: [`0::/docker/${id}`], startTime: 9 },
      },
      cgroups: { [`docker/${id}`]: [4242, ...members] },
    });

  test.each([
    ['PID 1', { 1: `/docker/${id}/init.scope` }],
    ['a parent', { 50: `/docker/${id}` }],
    ['a grandparent', { 40: `/docker/${id}/a/b` }],
  ])('refuses a cgroup with %s in it, though it is named after the container', (_, guarded) => {
    const { kernel, read } = machine(guarded);
    kernel.remember(id, 4242);
    expect(kernel.kill([id])).toEqual([]);
    expect(read(`docker/${id}/cgroup.kill`)).toBe('');
  });

  test('takes the same cgroup when they are elsewhere', () => {
    const { kernel } = machine({ 1: '/init.scope', 50: '/docker', 40: `/docker/${id}ish` });
    kernel.remember(id, 4242);
    expect(kernel.kill([id])).toEqual([id]);
  });

  test('founds nothing together with a process that our PID namespace does not show', () => {
    expect(machine({}, []).kernel.rememberOwn('a', 4242, nobody)).toBe(true);
    expect(machine({}, [0]).kernel.rememberOwn('a', 4242, nobody)).toBe(false);
  });

  test('does not mind a member that has ended meanwhile', () => {
    expect(machine({}, [4343]).kernel.rememberOwn('a', 4242, nobody)).toBe(true);
  });
});

test.each([0, 1, process.pid])('signals no process in a cgroup of version 1 that lists PID %i', pid => {
  const { root } = layOut({ mounts: [], processes: {}, cgroups: { a: [4242], 'a/b': [pid] } });
  const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
  onTestFinished(() => kill.mockRestore());
  expect(() => killLegacy(join(root, 'a'))).toThrow();
  expect(kill).not.toHaveBeenCalled();
});

test('signals the frozen processes of version 1, goes on past a refusal, tells it, and thaws', () => {
  const { root, read } = layOut({ mounts: [], processes: {}, cgroups: { a: [4242, 4243, 4244] } });
  const states: string[] = [];
  const kill = vi.spyOn(process, 'kill').mockImplementation(pid => {
    states.push(read('a/freezer.state').slice(0, 6));
    if (pid === 4244) return true;
    throw Object.assign(new Error('refused'), { code: pid === 4243 ? 'EPERM' : 'ESRCH' });
  });
  onTestFinished(() => kill.mockRestore());
  expect(killLegacy(join(root, 'a'))).toBe(false);
  expect(kill.mock.calls).toEqual([4242, 4243, 4244].map(pid => [pid, 'SIGKILL']));
  expect([...states, read('a/freezer.state').slice(0, 6)]).toEqual(['FROZEN', 'FROZEN', 'FROZEN', 'THAWED']);
});

test('refuses everything where there is no process table', async () => {
  const kernel = createCgroups({ procRoot: '/nonexistent' });
  kernel.remember('a', process.ppid);
  expect(kernel.look('a')).toBe('unknown');
  expect(await kernel.probe()).toMatchObject({
    ok: false,
    aside: true,
    detail: expect.stringMatching(/^not usable: /),
  });
});
