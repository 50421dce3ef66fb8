import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCgroups } from '../../lib/adapters/cgroup/index.js';
import { temporaryDirectory } from '../services/agents.js';
import { findBinaries } from '../services/binaries.js';
import { cgroupsOf, membersOf } from '../services/cgroups.js';
import { type EngineService, startEngine } from '../services/dockerd.js';
import { engineAt } from '../services/engine.js';
import { importImage, layOutImage } from '../services/image.js';

// An engine of this file alone: while it is frozen, nobody else's tests could go on.
const kernel = createCgroups();
let service: EngineService;

beforeAll(async () => {
  const folder = temporaryDirectory();
  const { busybox, dockerd } = findBinaries(['dockerd', 'containerd', 'busybox']);
  service = await startEngine(dockerd, folder);
  await importImage(service.url, layOutImage(busybox, folder), 'agent:latest');
});
afterAll(() => service.stop());

async function start(): Promise<{ readonly id: string; readonly members: () => readonly number[] }> {
  const container = await engineAt(service.url).createContainer({
    Image: 'agent:latest',
    Cmd: ['sh', '-c', 'for i in 1 2 3 4; do sleep 100000 & done; wait'],
    HostConfig: { NetworkMode: 'none' },
  });
  await container.start();
  const { State } = await container.inspect();
  kernel.remember(container.id, State.Pid);
  const cgroups = cgroupsOf(State.Pid).filter(directory => directory.includes(container.id));
  await expect.poll(() => membersOf(cgroups).length, { interval: 1, timeout: 10_000 }).toBe(5);
  return { id: container.id, members: () => membersOf(cgroups) };
}

test.each([
  ['the engine is frozen', () => [service.pid]],
  ['containerd is frozen', () => [service.containerdPid]],
  ['both are frozen', () => [service.pid, service.containerdPid]],
])('a container dies while %s', async (_, frozen) => {
  const { id, members } = await start();
  const pids = frozen().filter(pid => pid !== null);
  expect(pids.length).toBeGreaterThan(0);
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  try {
    expect(kernel.kill([id])).toEqual([id]);
    await expect.poll(() => kernel.look(id), { interval: 1 }).toBe('empty');
    expect(members()).toEqual([]);
  } finally {
    for (const pid of pids) process.kill(pid, 'SIGCONT');
  }
});
