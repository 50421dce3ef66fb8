import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, onTestFinished, test, vi } from 'vitest';
import { createCgroups } from '../../lib/adapters/cgroup/index.js';
import { type DockerOptions, openDocker } from '../../lib/adapters/docker/index.js';
import { placeOf } from '../../lib/domain/debt.js';
import type { KillOptions } from '../../lib/ports/sandbox.js';
import type { Sighting } from '../../lib/ports/scanner.js';
import { silent } from '../fakes/docker-engine.js';
import { findBinaries } from '../services/binaries.js';
import { cgroupsOf, membersOf } from '../services/cgroups.js';
import { engineAt } from '../services/engine.js';
import { importImage, layOutImage } from '../services/image.js';
import { startPodman } from '../services/podman.js';
import { freezeAll, signal, startTimeOf } from '../services/proc.js';
import type { Service } from '../services/service.js';

// Podman's service, by the API that it shares with Docker.

const atOnce = (): KillOptions => ({ graceMs: 0, deadline: AbortSignal.timeout(20_000) });
let service: Service;
beforeAll(async () => {
  const folder = mkdtempSync(join(inject('runFolder'), 'podman-'));
  const { busybox, podman } = findBinaries(['podman', 'busybox']);
  service = await startPodman(podman, folder);
  await importImage(service.url, layOutImage(busybox, folder), 'agent:latest');
});
afterAll(() => service.stop());

async function start(agentId: string) {
  const container = await engineAt(service.url).createContainer({
    Image: 'agent:latest',
    Cmd: ['sh', '-c', 'sleep 100000 & exec sleep 100000'],
    Labels: { 'killswitch.agent-id': agentId },
    HostConfig: { NetworkMode: 'none' },
  });
  await container.start();
  const { State } = await container.inspect();
  const cgroups = cgroupsOf(State.Pid).filter(directory => directory.includes(container.id));
  const target = { agentId, operationId: 'op', id: container.id };
  return { container, target, pids: () => membersOf(cgroups) };
}

function open(options: Partial<DockerOptions> = {}) {
  const kernel = createCgroups();
  // Lists are so rare that whatever is told is told by the stream.
  const docker = openDocker({ host: service.url, kernel, refreshMs: 600_000, log: silent, ...options });
  onTestFinished(() => docker.close());
  const told: Sighting[] = [];
  docker.watch(sighting => void told.push(sighting));
  const detail = (text: string) =>
    vi.waitFor(async () => expect((await docker.probe()).detail).toContain(text), { timeout: 10_000 });
  return { docker, kernel, told, detail };
}

test('reports what starts and what is removed', async () => {
  const { kernel, told, detail } = open();
  await detail('event stream live; kernel path reaches 0 of 0');
  const { container } = await start('podman-told');
  await vi.waitFor(() => expect(told.map(({ id }) => id)).toContain(container.id), { timeout: 10_000 });
  await detail('kernel path reaches 1 of 1');
  await container.remove({ force: true });
  await vi.waitFor(() => expect(kernel.look(container.id)).toBe('unknown'), { timeout: 10_000 });
  await detail('kernel path reaches 0 of 0');
});

test('has its containers killed by the kernel, and removed', async () => {
  const { docker, detail } = open();
  await detail('event stream live');
  const { target, pids } = await start('podman-killed');
  await detail('kernel path reaches 1 of 1');
  expect(await docker.kill(target, atOnce())).toEqual({
    ...placeOf('docker', target.id),
    outcome: 'dead',
    needsRemoval: true,
  });
  expect(pids()).toEqual([]);
  const { outcome } = await docker.remove(target, AbortSignal.timeout(20_000));
  expect(outcome).toBeOneOf(['removed', 'alreadyGone']);
  expect(await docker.kill(target, atOnce())).toMatchObject({ outcome: 'alreadyGone' });
});

test('is not needed for the kill of what is recorded', async () => {
  const { target, pids, container } = await start('podman-frozen');
  const pid = service.pid ?? 0;
  const startTime = startTimeOf(pid);
  freezeAll(pid);
  onTestFinished(() => signal(pid, startTime, 'SIGCONT'));
  const { docker } = open({ callDeadlineMs: 300 });
  expect(await docker.kill(target, atOnce())).toMatchObject({
    outcome: 'dead',
    detail: expect.stringContaining('found by its ID alone'),
  });
  expect(pids()).toEqual([]);
  signal(pid, startTime, 'SIGCONT');
  await container.remove({ force: true });
});
