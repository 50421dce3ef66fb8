import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type FakeMachine, layOut, type Machine } from './cgroup-tree.helper.js';

const id = '0123456789abcdef'.repeat(4);
const PID = 4242;
const ours = {
  [process.pid]: { cgroup: ['0::/system.slice/killswitch.service', '6:freezer:/', '4:pids:/'] },
};

/** A machine with version 2 alone, on which the container's process is in this cgroup. */
const pure = (path: string, more: Partial<Machine> = {}): FakeMachine =>
  layOut({
    mounts: [['cgroup2', '/', '.']],
    processes: { ...ours, [PID]: { cgroup: [`0::${path}`], startTime: 9 } },
    cgroups: { '.': [], [`.${path}`]: [PID] },
    ...more,
  });
const whyNot = async ({ kernel }: FakeMachine): Promise<string | undefined> => {
  kernel.remember(id, PID);
  expect(kernel.look(id)).toBe('unknown');
  expect(kernel.kill([id])).toEqual([]);
  return (await kernel.probe()).detail;
};
const unusable = (why: string): string => `not usable: ${why}; the engine alone is used`;

afterEach(() => vi.restoreAllMocks());

describe('version 2', () => {
  test.each([
    ["Docker's cgroupfs driver", `/docker/${id}`, 'cgroup v2, driver cgroupfs'],
    ["Docker's systemd driver", `/system.slice/docker-${id}.scope`, 'cgroup v2, driver systemd'],
    [
      'a rootless engine',
      `/user.slice/user-1000.slice/user@1000.service/user.slice/docker-${id}.scope`,
      'cgroup v2, driver systemd',
    ],
    ['Podman', `/machine.slice/libpod-${id}.scope`, 'cgroup v2, driver systemd'],
    ['nerdctl', `/system.slice/nerdctl-${id}.scope`, 'cgroup v2, driver systemd'],
    [
      'Kubernetes',
      `/kubepods.slice/kubepods-pod1.slice/cri-containerd-${id}.scope`,
      'cgroup v2, driver systemd',
    ],
    ["a name for systemd's driver", `/x/system.slice:cri-containerd:${id}`, 'cgroup v2, driver cgroupfs'],
    ['a name with a blank', `/a b:c/${id}`, 'cgroup v2, driver cgroupfs'],
  ])('kills by the path of %s', async (_, path, detail) => {
    const { kernel, read } = pure(path);
    expect(await kernel.probe()).toEqual({ name: 'kernel', ok: true, detail: 'cgroup v2' });
    kernel.remember(id, PID);
    expect(kernel.look(id)).toBe('populated');
    expect(kernel.kill([id])).toEqual([id]);
    expect(read(`.${path}/cgroup.kill`)).toBe('1');
    expect(await kernel.probe()).toEqual({ name: 'kernel', ok: true, detail });
  });

  test.each([
    `/docker/${id}`,
    `/system.slice/docker-${id}.scope`,
    `/user.slice/user-1000.slice/user@1000.service/user.slice/docker-${id}.scope`,
    `/machine.slice/libpod-${id}.scope`,
    `/a/b/c/d/e/system.slice:cri-containerd:${id}`,
  ])('finds %s by its name, though no PID was given', async path => {
    const { kernel, read } = pure(path);
    expect(await kernel.find([id])).toEqual([id]);
    expect(kernel.kill([id])).toEqual([id]);
    expect(read(`.${path}/cgroup.kill`)).toBe('1');
  });

  test.each([
    ['the watcher of a container of Podman', `/machine.slice/libpod-conmon-${id}.scope`],
    ['a longer name', `/docker/${id}0`],
    ['what lies in another container', `/docker/${'f'.repeat(64)}/docker/${id}`],
  ])('does not find %s', async (_, path) => {
    const { kernel, read } = pure(path);
    expect(await kernel.find([id])).toEqual([]);
    expect(kernel.kill([id])).toEqual([]);
    expect(read(`.${path}/cgroup.kill`)).toBe('');
  });

  test('kills the whole container, though its first process has moved below its cgroup', () => {
    const { kernel, read } = pure(`/docker/${id}/init.scope`, {
      cgroups: { [`docker/${id}`]: [], [`docker/${id}/init.scope`]: [PID] },
    });
    kernel.remember(id, PID);
    kernel.kill([id]);
    expect(read(`docker/${id}/cgroup.kill`)).toBe('1');
    expect(read(`docker/${id}/init.scope/cgroup.kill`)).toBe('');
  });

  test('is told to be unusable when the engine has no driver, so that its containers are in its own cgroup', async () => {
    const service = '/user.slice/user-1000.slice/user@1000.service/app.slice/docker.service';
    const engine = { cgroup: [`0::${service}`], startTime: 8 };
    const machine = pure(service, {
      processes: { ...ours, 4000: engine, [PID]: { ...engine, startTime: 9 } },
      cgroups: { [`.${service}`]: [4000, PID] },
    });
    expect(await whyNot(machine)).toBe(unusable('the cgroup is not named after the container'));
    expect(machine.read(`.${service}/cgroup.kill`)).toBe('');
  });
});

describe('inside a container', () => {
  test('kills a neighbour by the cgroups of the host, when those are mounted', () => {
    const { kernel, read } = layOut({
      mounts: [['cgroup2', '/../..', 'host']],
      processes: {
        [process.pid]: { cgroup: ['0::/'] },
        [PID]: { cgroup: [`0::/../../docker/${id}`] },
      },
      cgroups: { [`host/docker/${id}`]: [PID] },
    });
    kernel.remember(id, PID);
    expect(kernel.kill([id])).toEqual([id]);
    expect(read(`host/docker/${id}/cgroup.kill`)).toBe('1');
  });

  test('finds what lies below its own cgroup, where that one is mounted', () => {
    const { kernel, read } = layOut({
      mounts: [['cgroup2', '/docker/outer', '.']],
      processes: {
        [process.pid]: { cgroup: ['0::/docker/outer/service'] },
        [PID]: { cgroup: [`0::/docker/outer/docker/${id}`] },
      },
      cgroups: { '.': [], [`docker/${id}`]: [PID] },
    });
    kernel.remember(id, PID);
    expect(kernel.kill([id])).toEqual([id]);
    expect(read(`docker/${id}/cgroup.kill`)).toBe('1');
  });

  test.each([
    ['/', `/../${id}`],
    ['/docker/outer', `/docker/${id}`],
    ['/../..', `/../${id}`],
    ['/../..', `/${id}`],
  ])('is told to be unusable where only %s is mounted and the container is in %s', async (top, path) => {
    const machine = layOut({
      mounts: [['cgroup2', top, '.']],
      processes: { [process.pid]: { cgroup: ['0::/x'] }, [PID]: { cgroup: [`0::${path}`] } },
      cgroups: { [id]: [PID], [`docker/${id}`]: [PID] },
    });
    expect(await whyNot(machine)).toBe(unusable('the cgroup lies outside of those mounted here'));
  });

  test('is told to be unusable where another cgroup has the same path', async () => {
    const machine = pure(`/docker/${id}`, { cgroups: { [`docker/${id}`]: [77] } });
    expect(await whyNot(machine)).toBe(unusable('the cgroup is not mounted here'));
  });

  test('signals no process when the PIDs of the process table are not those of this process', async () => {
    const machine = layOut({
      mounts: [['cgroup', '/', 'freezer', 'rw,freezer']],
      processes: { 99: { cgroup: ['6:freezer:/x'] }, [PID]: { cgroup: [`6:freezer:/docker/${id}`] } },
      cgroups: { [`freezer/docker/${id}`]: [PID] },
      self: 99,
    });
    machine.kernel.remember(id, PID);
    expect(machine.kernel.look(id)).toBe('populated');
    const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
    expect(machine.kernel.kill([id])).toEqual([]);
    expect(kill).not.toHaveBeenCalled();
    expect((await machine.kernel.probe()).detail).toBe(unusable('the PIDs are of another namespace'));
  });
});

describe('version 1', () => {
  const legacy = (mounts: Machine['mounts'], lines: readonly string[], name: string): FakeMachine =>
    layOut({
      mounts,
      processes: { ...ours, [PID]: { cgroup: lines } },
      cgroups: { [`${name}/docker/${id}`]: [PID] },
    });

  test.each([
    ['the freezer', 'rw,freezer', '6:freezer', 'cgroup v1 freezer'],
    ['another controller', 'rw,pids', '4:pids', 'cgroup v1 without the freezer'],
    ['controllers mounted together', 'rw,cpu,cpuacct', '3:cpu,cpuacct', 'cgroup v1 without the freezer'],
    ['one that has a name alone', 'rw,xattr,name=systemd', '1:name=systemd', 'cgroup v1 without the freezer'],
  ])('finds the container by %s', async (_, options, line, detail) => {
    const { kernel } = legacy([['cgroup', '/', 'v1', options]], [`${line}:/docker/${id}`], 'v1');
    kernel.remember(id, PID);
    expect(kernel.look(id)).toBe('populated');
    expect((await kernel.probe()).detail).toBe(`${detail}, driver cgroupfs`);
  });

  test('sees that no process is left, also below', () => {
    const { kernel, root } = legacy([['cgroup', '/', 'v1', 'rw,pids']], [`4:pids:/docker/${id}`], 'v1');
    kernel.remember(id, PID);
    const file = join(root, `v1/docker/${id}/cgroup.procs`);
    writeFileSync(file, '');
    expect(kernel.look(id)).toBe('empty');
    rmSync(join(root, `v1/docker/${id}`), { recursive: true });
    expect(kernel.look(id)).toBe('empty');
    expect(kernel.kill([id])).toEqual([id]);
  });
});

describe('a hybrid machine', () => {
  const hybrid: Machine['mounts'] = [
    ['cgroup', '/', 'pids', 'rw,pids'],
    ['cgroup', '/', 'freezer', 'rw,freezer'],
    ['cgroup2', '/', 'unified'],
  ];
  const v1 = [`6:freezer:/docker/${id}`, `4:pids:/docker/${id}`];

  test('uses both versions where both know the container', async () => {
    const { kernel, read } = layOut({
      mounts: hybrid,
      processes: { ...ours, [PID]: { cgroup: [...v1, `0::/docker/${id}`] } },
      cgroups: {
        [`freezer/docker/${id}`]: [PID],
        [`pids/docker/${id}`]: [PID],
        [`unified/docker/${id}`]: [PID],
      },
    });
    expect((await kernel.probe()).detail).toBe('hybrid: cgroup v2 and cgroup v1 freezer');
    kernel.remember(id, PID);
    expect(kernel.kill([id])).toEqual([id]);
    expect(read(`unified/docker/${id}/cgroup.kill`)).toBe('1');
    expect(read(`freezer/docker/${id}/freezer.state`)).toMatch(/^THAWED/);
    expect((await kernel.probe()).detail).toBe('hybrid: cgroup v2 and cgroup v1 freezer, driver cgroupfs');
  });

  test.each([
    ['in the root', '/', []],
    ['in that of the daemon that started it', '/system.slice/containerd.service', [4000, PID]],
  ])('uses version 1 alone where the container is %s of version 2', async (_, path, members) => {
    const { kernel, read } = layOut({
      mounts: hybrid,
      processes: {
        ...ours,
        4000: { cgroup: [`0::${path}`], startTime: 8 },
        [PID]: { cgroup: [...v1, `0::${path}`], startTime: 9 },
      },
      cgroups: { [`freezer/docker/${id}`]: [PID], [`unified${path}`]: members },
    });
    kernel.remember(id, PID);
    expect(kernel.look(id)).toBe('populated');
    expect((await kernel.probe()).detail).toBe('hybrid: cgroup v1 freezer, driver cgroupfs');
    expect(read(`unified${path}/cgroup.kill`)).toBe('');
  });
});

test('is told to be unusable where no cgroups are mounted', async () => {
  const machine = layOut({ mounts: [], processes: { ...ours, [PID]: { cgroup: [] } }, cgroups: {} });
  expect(await whyNot(machine)).toBe(unusable('no cgroups are mounted'));
});

test('looks at no cgroups but those at or below its root', async () => {
  const machine = pure(`/docker/${id}`, { mounts: [['cgroup2', '/', '../system']] });
  expect(await whyNot(machine)).toBe(unusable('no cgroups are mounted'));
});
