import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, test } from 'vitest';
import { createCgroups } from '../../lib/adapters/cgroup/index.js';
import type { Kernel } from '../../lib/ports/kernel.js';
import { type AgentContainer, engine, startContainer } from '../services/agents.js';
import { cgroupsOfContainer } from '../services/cgroups.js';
import { freezer, pids, unified } from './cgroup.helper.js';

const worlds = [
  ['all that is mounted', {}],
  ...[...unified, ...freezer, ...pids].map(({ point }) => [point, { root: point }] as const),
] as const;

async function remember(kernel: Kernel, { id }: AgentContainer): Promise<void> {
  const { State } = await engine().getContainer(id).inspect();
  kernel.remember(id, State.Pid);
  expect(kernel.look(id)).toBe('populated');
}

async function expectKilled(kernel: Kernel, container: AgentContainer): Promise<void> {
  expect(kernel.kill([container.id])).toEqual([container.id]);
  await expect.poll(() => kernel.look(container.id), { interval: 1, timeout: 10_000 }).toBe('empty');
  expect(container.pids()).toEqual([]);
}

describe.each(worlds)('a container, by %s', (_, options) => {
  const kernel = createCgroups(options);

  test('dies with all its 11 processes', async () => {
    const container = await startContainer({ agentId: 'c1' });
    await remember(kernel, container);
    await expectKilled(kernel, container);
    await engine().getContainer(container.id).wait();
    expect(kernel.look(container.id)).toBe('empty');
  });

  test('dies with what docker exec started in it', async () => {
    const container = await startContainer({ agentId: 'c2', processes: 2 });
    await remember(kernel, container);
    const exec = await engine()
      .getContainer(container.id)
      .exec({ Cmd: ['sleep', '100000'] });
    await exec.start({ Detach: true });
    await expect.poll(() => container.pids().length, { timeout: 10_000 }).toBe(3);
    await expectKilled(kernel, container);
  });

  test('dies while it forks as fast as it can', async () => {
    const container = await startContainer({
      agentId: 'c4',
      extra: {
        Cmd: ['sh', '-c', `f() { while :; do (:); done; }; ${'f & '.repeat(15)} wait`],
        HostConfig: { PidsLimit: 64 },
      },
    });
    await remember(kernel, container);
    await expect.poll(() => container.pids().length, { interval: 1, timeout: 10_000 }).toBeGreaterThan(15);
    await expectKilled(kernel, container);
  });

  test('dies when it shares the PID namespace of the host', async () => {
    const container = await startContainer({
      agentId: 'c5',
      processes: 3,
      extra: { HostConfig: { PidMode: 'host' } },
    });
    await remember(kernel, container);
    await expectKilled(kernel, container);
  });

  test('is not learnt once it has ended', async () => {
    const container = await startContainer({ agentId: 'c6', processes: 1 });
    const { State } = await engine().getContainer(container.id).inspect();
    await engine().getContainer(container.id).kill();
    await engine().getContainer(container.id).wait();
    kernel.remember(container.id, State.Pid);
    expect(kernel.look(container.id)).toBe('unknown');
  });

  test('is killed again after the engine has started it again', async () => {
    const container = await startContainer({ agentId: 'c7', processes: 2 });
    await remember(kernel, container);
    await expectKilled(kernel, container);
    await engine().getContainer(container.id).wait();
    await engine().getContainer(container.id).start();
    expect(kernel.look(container.id)).toBe('populated');
    await expectKilled(kernel, container);
  });
});

test('a container dies while it is paused', async () => {
  const kernel = createCgroups();
  const container = await startContainer({ agentId: 'c3', processes: 3 });
  await remember(kernel, container);
  await engine().getContainer(container.id).pause();
  await expectKilled(kernel, container);
});

for (const { point } of freezer) {
  test('a paused container dies by the freezer alone, and without it stays and is seen to stay', async () => {
    const container = await startContainer({ agentId: 'c3', processes: 3 });
    const [able, unable] = [createCgroups({ root: point }), createCgroups({ root: pids[0]?.point ?? '' })];
    await remember(able, container);
    await remember(unable, container);
    await engine().getContainer(container.id).pause();
    expect(unable.kill([container.id])).toEqual([container.id]);
    expect(unable.look(container.id)).toBe('populated');
    await expectKilled(able, container);
    expect(unable.look(container.id)).toBe('empty');
  });
}

test('one engine keeps its containers apart from those that are not killed', async () => {
  const kernel = createCgroups();
  const [one, other] = await Promise.all([
    startContainer({ agentId: 'c8', processes: 2 }),
    startContainer({ agentId: 'c9', processes: 2 }),
  ]);
  await remember(kernel, one);
  await remember(kernel, other);
  await expectKilled(kernel, one);
  expect(other.pids()).toHaveLength(2);
  expect(kernel.look(other.id)).toBe('populated');
});

test('the daemon that started a container is not among those that die', async () => {
  const container = await startContainer({ agentId: 'c10', processes: 1 });
  const cgroups = cgroupsOfContainer(container.id);
  expect(cgroups.length).toBeGreaterThan(0);
  for (const directory of cgroups) {
    const members = readFileSync(join(directory, 'cgroup.procs'), 'utf8');
    expect(members.split('\n')).not.toContain(String(inject('dockerdPid')));
  }
});
