import type Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { createCgroups } from '../../lib/adapters/cgroup/index.js';
import { type DockerSandbox, openDocker } from '../../lib/adapters/docker/index.js';
import { placeOf } from '../../lib/domain/debt.js';
import type { Kernel } from '../../lib/ports/kernel.js';
import type { KillOptions, Target } from '../../lib/ports/sandbox.js';
import { silent } from '../fakes/docker-engine.js';
import { type AgentContainer, type ContainerOptions, engine, startContainer } from '../services/agents.js';

const atOnce = (): KillOptions => ({ graceMs: 0, deadline: AbortSignal.timeout(20_000) });
const within = (): AbortSignal => AbortSignal.timeout(20_000);

let docker: DockerSandbox;
let kernel: Kernel;
/** Containers that the kernel path killed. */
const struck = new Set<string>();

beforeAll(async () => {
  const cgroups = createCgroups();
  kernel = {
    ...cgroups,
    kill(keys) {
      const reached = cgroups.kill(keys);
      for (const key of reached) struck.add(key);
      return reached;
    },
  };
  docker = openDocker({ host: inject('dockerHost'), kernel, log: silent });
  await vi.waitFor(async () => {
    expect(await docker.probe()).toMatchObject({ detail: expect.stringContaining('event stream live') });
  });
});
afterAll(() => docker.close());

const targetOf = (agentId: string, { id }: { id: string }): Target => ({
  agentId,
  operationId: 'op',
  id,
});
const containerOf = ({ id }: { id: string }): Docker.Container => engine().getContainer(id);

async function untilLearnt({ id }: { id: string }): Promise<void> {
  await expect.poll(() => kernel.look(id), { timeout: 10_000 }).toBe('populated');
}

/** A container that the kernel path can reach. */
async function start(options: ContainerOptions): Promise<AgentContainer> {
  const container = await startContainer(options);
  await untilLearnt(container);
  return container;
}

async function create(agentId: string): Promise<Target> {
  const { id } = await engine().createContainer({
    Image: inject('agentImage'),
    Cmd: ['true'],
    Labels: { 'killswitch.agent-id': agentId },
    HostConfig: { NetworkMode: 'none' },
  });
  return targetOf(agentId, { id });
}

async function listed(agentId: string): Promise<string[]> {
  const filters = { label: [`killswitch.agent-id=${agentId}`] };
  return (await engine().listContainers({ all: true, filters })).map(({ State }) => State);
}

/** Kills by the kernel path, sees it dead, and removes. */
async function end(target: Target, containers: readonly AgentContainer[]): Promise<void> {
  expect(await docker.kill(target, atOnce())).toEqual({
    ...placeOf('docker', target.id),
    outcome: 'dead',
    needsRemoval: true,
  });
  for (const container of containers) {
    expect(container.pids()).toEqual([]);
    expect(struck).toContain(container.id);
  }
  const { outcome } = await docker.remove(target, within());
  expect(outcome).toBeOneOf(['removed', 'alreadyGone']);
  expect(await listed(target.agentId)).toEqual([]);
}

describe('By the kernel path dies, and is removed,', () => {
  test.each<[string, Omit<ContainerOptions, 'agentId'>]>([
    ['a container', {}],
    ['a container that is always started again', { restart: 'always' }],
    ['a container that is started again unless it was stopped', { restart: 'unless-stopped' }],
    ['a container that is started again when it fails', { restart: 'on-failure' }],
    ['a container that the engine removes by itself', { extra: { HostConfig: { AutoRemove: true } } }],
    ['a container with 200 processes', { processes: 200 }],
  ])('%s', async (name, options) => {
    const agentId = name.replaceAll(' ', '-');
    const container = await start({ agentId, ...options });
    await end(targetOf(agentId, container), [container]);
  });

  test('a container that is paused', async () => {
    const container = await start({ agentId: 'k-paused' });
    await containerOf(container).pause();
    await end(targetOf('k-paused', container), [container]);
  });

  test('what forks without end', async () => {
    const forks = 'while :; do (:) & wait; done';
    const script = `i=0; while [ $i -lt 60 ]; do (${forks}) & i=$((i+1)); done; wait`;
    const container = await start({
      agentId: 'k-forks',
      extra: { Cmd: ['sh', '-c', script], HostConfig: { PidsLimit: 200 } },
    });
    await expect.poll(() => container.pids().length, { timeout: 10_000 }).toBeGreaterThan(50);
    await end(targetOf('k-forks', container), [container]);
  });

  test('what was executed in a container later', async () => {
    const container = await start({ agentId: 'k-exec' });
    const exec = await containerOf(container).exec({ Cmd: ['sleep', '100000'] });
    await exec.start({ Detach: true });
    await expect.poll(() => container.pids()).toHaveLength(12);
    await end(targetOf('k-exec', container), [container]);
  });

  test('every container of one agent, and none of another', async () => {
    const agentId = 'k-several';
    const [first, second] = await Promise.all([start({ agentId }), start({ agentId })]);
    const bystander = await start({ agentId: 'k-several-2' });
    await end(targetOf(agentId, first), [first, second]);
    expect(bystander.pids()).toHaveLength(11);
    expect(struck).not.toContain(bystander.id);
  });

  test('a container that was stopped and started again', async () => {
    const container = await start({ agentId: 'k-again' });
    await containerOf(container).restart({ t: 0 });
    await expect.poll(() => container.pids()).toHaveLength(11);
    await end(targetOf('k-again', container), [container]);
  });
});

describe('The kernel path', () => {
  test('kills before the turn ends, whatever the deadline', async () => {
    const container = await start({ agentId: 'k-sync' });
    const killed = docker.kill(targetOf('k-sync', container), { graceMs: 0, deadline: AbortSignal.abort() });
    await undefined;
    expect(struck).toContain(container.id);
    expect(await killed).toMatchObject({ outcome: 'pending' });
    await expect.poll(() => container.pids()).toEqual([]);
  });

  test('does not bring back to life what is not removed', async () => {
    const container = await start({ agentId: 'k-kept', restart: 'always', processes: 1 });
    const startedAt = async () => (await containerOf(container).inspect()).State.StartedAt;
    const before = await startedAt();
    await docker.kill(targetOf('k-kept', container), atOnce());
    await expect.poll(() => listed('k-kept'), { timeout: 10_000 }).toEqual(['exited']);
    expect(await startedAt()).toBe(before);
  });

  test('comes after the grace, and not at all for who left in it', async () => {
    const script = "trap 'exit 0' TERM; echo ready; while :; do sleep 1000 & wait; done";
    const willing = await start({ agentId: 'k-willing', extra: { Cmd: ['sh', '-c', script] } });
    const logs = () => containerOf(willing).logs({ stdout: true });
    await expect.poll(async () => String(await logs())).toContain('ready');
    const grace = (graceMs: number): KillOptions => ({ ...atOnce(), graceMs });
    expect(await docker.kill(targetOf('k-willing', willing), grace(120_000))).toMatchObject({
      outcome: 'dead',
    });
    expect((await containerOf(willing).inspect()).State.ExitCode).toBe(0);

    const stubborn = await start({ agentId: 'k-stubborn' });
    const killed = docker.kill(targetOf('k-stubborn', stubborn), grace(200));
    expect(struck).not.toContain(stubborn.id);
    expect(await killed).toMatchObject({ outcome: 'dead' });
    expect(struck).toContain(stubborn.id);
  });

  test('does not kill what the record names if it carries the label of another agent', async () => {
    const victim = await start({ agentId: 'k-victim' });
    const own = await start({ agentId: 'k-misled' });
    expect(await docker.kill(targetOf('k-misled', victim), atOnce())).toMatchObject({ outcome: 'refused' });
    expect(own.pids()).toEqual([]);
    expect(struck).not.toContain(victim.id);
    expect(victim.pids()).toHaveLength(11);
  });

  test('leaves to the engine what never ran or does not run any more', async () => {
    const created = await create('k-created');
    expect(await docker.kill(created, atOnce())).toMatchObject({ outcome: 'dead' });
    expect(await docker.remove(created, within())).toMatchObject({ outcome: 'removed' });
    const exited = await create('k-exited');
    await containerOf({ id: exited.id ?? '' }).start();
    await containerOf({ id: exited.id ?? '' }).wait();
    expect(await docker.kill(exited, atOnce())).toMatchObject({ outcome: 'dead' });
    expect(await docker.remove(exited, within())).toMatchObject({ outcome: 'removed' });
    expect(await docker.kill(exited, atOnce())).toMatchObject({ outcome: 'alreadyGone' });
  });

  test('is reported by the probe', async () => {
    await start({ agentId: 'k-probe' });
    const { ok, detail } = await docker.probe();
    expect(ok).toBe(true);
    expect(detail).toMatch(/^event stream live; kernel path reaches (\d+) of \1 running containers/);
  });
});
