import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DockerSandbox, openDocker } from '../../lib/adapters/docker/index.js';
import { placeOf } from '../../lib/domain/debt.js';
import type { Log } from '../../lib/ports/runtime.js';
import type { KillOptions, Target } from '../../lib/ports/sandbox.js';
import { temporaryDirectory } from '../services/agents.js';
import { findBinaries } from '../services/binaries.js';
import { type EngineService, startEngine } from '../services/dockerd.js';
import { engineAt } from '../services/engine.js';
import { importImage, layOutImage } from '../services/image.js';
import { freezeAll } from '../services/proc.js';

// An engine of this file alone: while it is frozen, nobody else's tests could go on.
const silent: Log = { warn: () => undefined, error: () => undefined, info: () => undefined };
const unhurried = (): KillOptions => ({ graceMs: 0, deadline: AbortSignal.timeout(20_000) });
let service: EngineService;
let docker: DockerSandbox;

beforeAll(async () => {
  const folder = temporaryDirectory();
  const { busybox, dockerd } = findBinaries(['dockerd', 'containerd', 'busybox']);
  service = await startEngine(dockerd, folder);
  await importImage(service.url, layOutImage(busybox, folder), 'agent:latest');
  docker = openDocker({ host: service.url, callDeadlineMs: 300, killDeadlineMs: 300, log: silent });
});
afterAll(async () => {
  await docker.close();
  await service.stop();
});

async function start(agentId: string): Promise<Target> {
  const container = await engineAt(service.url).createContainer({
    Image: 'agent:latest',
    Cmd: ['sleep', '100000'],
    Labels: { 'killswitch.agent-id': agentId },
    HostConfig: { NetworkMode: 'none' },
  });
  await container.start();
  return { agentId, operationId: 'op', id: container.id };
}

async function whileFrozen(pid: number | null, work: () => Promise<void>): Promise<void> {
  if (!pid) throw new Error('There is no process to freeze.');
  freezeAll(pid);
  try {
    await work();
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

test('owes the kill while the engine is frozen, and does it when the engine is back', async () => {
  const target = await start('engine-frozen');
  const other = await start('engine-frozen-too');
  await whileFrozen(service.pid, async () => {
    const silent = { outcome: 'pending', detail: 'the engine does not answer' };
    const pending = { ...placeOf('docker', other.id), ...silent };
    const blind = (id?: string) => ({ ...placeOf('docker', id), ...silent, outcome: 'blind' });
    expect(await docker.kill(target, unhurried())).toEqual(blind(target.id));
    expect(await docker.kill({ agentId: 'nobody', operationId: 'op' }, unhurried())).toEqual(blind());
    expect(await docker.remove(other, unhurried().deadline)).toEqual(pending);
    expect(await docker.probe()).toMatchObject({
      ok: false,
      detail: expect.stringContaining('the engine does not answer'),
    });
  });
  await expect.poll(async () => (await docker.probe()).detail).not.toContain('does not answer');
  expect(await docker.kill(target, unhurried())).toMatchObject({ outcome: 'dead' });
  expect(await docker.remove(target, unhurried().deadline)).toMatchObject({ outcome: 'removed' });
});

test('comes back at the deadline that it is given, also when that is earlier than its own', async () => {
  const patient = openDocker({ host: service.url, callDeadlineMs: 60_000, log: silent });
  const target = await start('deadline');
  await whileFrozen(service.pid, async () => {
    const outcome = await patient.kill(target, { graceMs: 0, deadline: AbortSignal.timeout(50) });
    expect(outcome).toMatchObject({ outcome: 'pending' });
  });
  // The call was never taken back: the engine carries it out once it can.
  const state = async () =>
    (
      await engineAt(service.url)
        .getContainer(target.id ?? '')
        .inspect()
    ).State.Status;
  await expect.poll(state, { timeout: 10_000 }).toBe('exited');
  await patient.close();
});

test('owes the kill while only the engine below is frozen, though lists are answered', async () => {
  const target = await start('below-frozen');
  await whileFrozen(service.containerdPid, async () => {
    expect(await docker.kill(target, unhurried())).toMatchObject({ outcome: 'pending' });
    // The container is locked by the kill that hangs, and still the second one comes back.
    expect(await docker.kill(target, unhurried())).toMatchObject({ outcome: 'pending' });
    expect(await docker.kill({ ...target, agentId: 'stranger' }, unhurried())).toMatchObject({
      outcome: 'refused',
    });
  });
  await expect.poll(async () => (await docker.kill(target, unhurried())).outcome).toBe('dead');
});
