import type Docker from 'dockerode';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type DockerSandbox, openDocker } from '../../lib/adapters/docker/index.js';
import { placeOf } from '../../lib/domain/debt.js';
import type { Log } from '../../lib/ports/runtime.js';
import type { KillOptions, Target } from '../../lib/ports/sandbox.js';
import { type AgentContainer, engine, startContainer } from '../services/agents.js';

const LABEL = 'killswitch.agent-id';
const silent: Log = { warn: () => undefined, error: () => undefined, info: () => undefined };
const atOnce = (): KillOptions => ({ graceMs: 0, deadline: AbortSignal.timeout(20_000) });
const within = (): AbortSignal => AbortSignal.timeout(20_000);
const operationId = 'op';

let docker: DockerSandbox;
beforeAll(() => {
  docker = openDocker({ host: inject('dockerHost'), log: silent });
});
afterAll(() => docker.close());

const targetOf = (agentId: string, { id }: { id: string }): Target => ({
  agentId,
  operationId,
  id,
});

async function listed(agentId: string): Promise<string[]> {
  const found = await engine().listContainers({ all: true, filters: { label: [`${LABEL}=${agentId}`] } });
  return found.map(({ State }) => State);
}

/** Creates without starting. */
async function create(agentId: string, options: Docker.ContainerCreateOptions = {}): Promise<Target> {
  const { id } = await engine().createContainer({
    Image: inject('agentImage'),
    Cmd: ['true'],
    Labels: { [LABEL]: agentId },
    ...options,
    HostConfig: { NetworkMode: 'none', ...options.HostConfig },
  });
  return targetOf(agentId, { id });
}

/** How often the container was started in the second that begins now. */
async function startsFromNowOn(containerId: string): Promise<number> {
  const now = Date.now() / 1000;
  const filters = { container: [containerId], event: ['start'] };
  const events = await engine().getEvents({ since: now, until: now + 1, filters });
  let starts = 0;
  for await (const _ of events as unknown as AsyncIterable<Buffer>) starts += 1;
  return starts;
}

test('kills and removes a container that the engine removes by itself', async () => {
  const container = await startContainer({ agentId: 'rm', extra: { HostConfig: { AutoRemove: true } } });
  const target = targetOf('rm', container);
  expect(await docker.kill(target, atOnce())).toMatchObject({ layer: 'container', outcome: 'dead' });
  expect(container.pids()).toEqual([]);
  expect((await docker.remove(target, within())).outcome).toBeOneOf(['removed', 'alreadyGone']);
  expect(await listed('rm')).toEqual([]);
});

test('kills a paused container, with or without grace', async () => {
  for (const graceMs of [0, 60_000]) {
    const container = await startContainer({ agentId: 'paused', processes: 3 });
    await engine().getContainer(container.id).pause();
    const { outcome } = await docker.kill(targetOf('paused', container), { ...atOnce(), graceMs });
    expect(outcome).toBe('dead');
    expect(container.pids()).toEqual([]);
  }
});

test('counts a container that was never started as dead and removes it', async () => {
  const target = await create('created');
  expect(await docker.kill(target, atOnce())).toMatchObject({ outcome: 'dead' });
  expect(await docker.remove(target, within())).toMatchObject({ outcome: 'removed' });
  expect(await listed('created')).toEqual([]);
});

test('counts a container that has exited as dead and removes it', async () => {
  const target = await create('exited');
  const container = engine().getContainer(target.id ?? '');
  await container.start();
  await container.wait();
  expect(await docker.kill(target, atOnce())).toMatchObject({ outcome: 'dead' });
  expect(await docker.remove(target, within())).toMatchObject({ outcome: 'removed' });
  expect(await docker.remove(target, within())).toMatchObject({ outcome: 'alreadyGone' });
});

test('keeps a container dead that its restart policy would bring back', async () => {
  const container = await startContainer({ agentId: 'always', restart: 'always', processes: 2 });
  expect(await docker.kill(targetOf('always', container), atOnce())).toMatchObject({ outcome: 'dead' });
  expect(await startsFromNowOn(container.id)).toBe(0);
  expect(await listed('always')).toEqual(['exited']);
});

test('keeps a container dead that leaves on SIGTERM although it names another stop signal', async () => {
  const script = "trap 'exit 0' TERM; echo ready; while :; do sleep 1000 & wait; done";
  const container = await startContainer({
    agentId: 'stop-signal',
    restart: 'always',
    extra: {
      Cmd: ['sh', '-c', script],
      StopSignal: 'SIGUSR1',
      HostConfig: { RestartPolicy: { Name: 'always' } },
    },
  });
  const logs = () => engine().getContainer(container.id).logs({ stdout: true });
  await expect.poll(async () => String(await logs())).toContain('ready');
  const target = targetOf('stop-signal', container);
  expect(await docker.kill(target, { ...atOnce(), graceMs: 500 })).toMatchObject({ outcome: 'dead' });
  expect(await startsFromNowOn(container.id)).toBe(0);
  expect(await listed('stop-signal')).toEqual(['exited']);
});

test('ends a container that keeps crashing and being restarted', async () => {
  const target = await create('crashing', {
    Cmd: ['false'],
    HostConfig: { RestartPolicy: { Name: 'always' } },
  });
  await engine()
    .getContainer(target.id ?? '')
    .start();
  await expect.poll(() => listed('crashing'), { timeout: 10_000 }).toEqual(['restarting']);
  expect(await docker.kill(target, atOnce())).toMatchObject({ outcome: 'dead' });
  expect(await startsFromNowOn(target.id ?? '')).toBe(0);
  expect(await docker.remove(target, within())).toMatchObject({ outcome: 'removed' });
});

test('does not take a container for the recorded one because of its name', async () => {
  const gone = 'abcdef0123456789'.repeat(4);
  const decoys: AgentContainer[] = [];
  for (const name of [gone, gone.slice(0, 12)]) {
    decoys.push(await startContainer({ agentId: 'bystander', name, processes: 1 }));
  }
  const target = { agentId: 'decoyed', operationId, id: gone };
  expect(await docker.kill(target, atOnce())).toMatchObject({ outcome: 'alreadyGone' });
  expect(await docker.remove(target, within())).toMatchObject({ outcome: 'alreadyGone' });
  for (const decoy of decoys) expect(decoy.pids()).not.toEqual([]);
});

test('removes the anonymous volumes of a container with it', async () => {
  const target = await create('volumes', { Volumes: { '/data': {} } });
  const { Mounts } = await engine()
    .getContainer(target.id ?? '')
    .inspect();
  const [volume] = Mounts.map(({ Name }) => Name ?? '');
  expect(await docker.remove(target, within())).toMatchObject({ outcome: 'removed' });
  await expect(
    engine()
      .getVolume(volume ?? '')
      .inspect(),
  ).rejects.toMatchObject({ statusCode: 404 });
});

test('names the setting that would allow a container without the label', async () => {
  const container = await startContainer({ agentId: 'bare', labelled: false, processes: 1 });
  expect(await docker.kill(targetOf('bare', container), atOnce())).toEqual({
    ...placeOf('docker', container.id),
    outcome: 'refused',
    detail: `the recorded container has no label ${LABEL}; KILLSWITCH_REQUIRE_LABEL=false would allow it`,
  });
  expect((await docker.remove(targetOf('bare', container), within())).outcome).toBe('refused');
  expect(container.pids()).not.toEqual([]);
});

test('removes what carries the label when it refuses the recorded container', async () => {
  const own = await startContainer({ agentId: 'misled', restart: 'always', processes: 1 });
  const victim = await startContainer({ agentId: 'victim', processes: 1 });
  expect(await docker.kill(targetOf('misled', victim), atOnce())).toEqual({
    ...placeOf('docker', victim.id),
    outcome: 'refused',
    detail:
      'the recorded container carries the label of another agent; the containers that do carry its label were removed',
  });
  expect(own.pids()).toEqual([]);
  expect(await listed('misled')).toEqual([]);
  expect(victim.pids()).not.toEqual([]);
});

test('without the requirement kills a recorded container that has no label, but none of another agent', async () => {
  const lenient = openDocker({ host: inject('dockerHost'), requireLabel: false, log: silent });
  const bare = await startContainer({ agentId: 'lenient', labelled: false, processes: 1 });
  const victim = await startContainer({ agentId: 'victim-2', processes: 1 });
  expect(await lenient.kill(targetOf('lenient', bare), atOnce())).toMatchObject({ outcome: 'dead' });
  expect(await lenient.remove(targetOf('lenient', bare), within())).toMatchObject({ outcome: 'removed' });
  expect(await lenient.kill(targetOf('lenient', victim), atOnce())).toMatchObject({ outcome: 'refused' });
  expect(victim.pids()).not.toEqual([]);
  await lenient.close();
});

test('goes by the label that it was told', async () => {
  const other = openDocker({ host: inject('dockerHost'), label: 'fleet.agent', log: silent });
  const container = await startContainer({ agentId: 'relabelled', label: 'fleet.agent', processes: 1 });
  expect(await docker.kill({ agentId: 'relabelled', operationId }, atOnce())).toMatchObject({
    outcome: 'notFound',
  });
  expect(await other.kill({ agentId: 'relabelled', operationId }, atOnce())).toMatchObject({
    outcome: 'dead',
  });
  expect(container.pids()).toEqual([]);
  await other.close();
});
