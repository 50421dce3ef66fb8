import { afterAll, beforeAll, expect, inject, onTestFinished, test, vi } from 'vitest';
import { createCgroups } from '../../lib/adapters/cgroup/index.js';
import { type DockerSandbox, openDocker } from '../../lib/adapters/docker/index.js';
import { placeOf } from '../../lib/domain/debt.js';
import type { Kernel } from '../../lib/ports/kernel.js';
import type { KillOptions } from '../../lib/ports/sandbox.js';
import { silent } from '../fakes/docker-engine.js';
import { type ContainerOptions, engine, isAlive, startContainer } from '../services/agents.js';
import { cgroupsOf } from '../services/cgroups.js';
import { startIn } from './cgroup.helper.js';

// A container that shares the host's PIDs and may write to its cgroups, as a privileged one may, can have a process
// leave all of its own.

const atOnce = (): KillOptions => ({ graceMs: 0, deadline: AbortSignal.timeout(20_000) });
let docker: DockerSandbox;
let kernel: Kernel;
beforeAll(async () => {
  kernel = createCgroups();
  docker = openDocker({ host: inject('dockerHost'), kernel, log: silent });
  await vi.waitFor(async () => {
    expect((await docker.probe()).detail).toContain('event stream live');
  });
});
afterAll(() => docker.close());

const LEAVE = 'for d in /host /host/*; do echo $$ >$d/cgroup.procs; done 2>/dev/null';

/** A container, one process of which has left its cgroups; that one does `more` before it sleeps. */
async function withStray(agentId: string, more = 'true', options: Partial<ContainerOptions> = {}) {
  const stray = `sh -c '${LEAVE}; ${more}; echo left $$; exec sleep 100000' &`;
  const container = await startContainer({
    agentId,
    ...options,
    extra: {
      Cmd: ['sh', '-c', `${stray} exec sleep 100000`],
      HostConfig: {
        PidMode: 'host',
        CapAdd: ['SYS_ADMIN'],
        Binds: ['/sys/fs/cgroup:/host'],
      },
    },
  });
  const logs = async () => String(await engine().getContainer(container.id).logs({ stdout: true }));
  await expect.poll(logs).toContain('left');
  const pid = Number(/left (\d+)/.exec(await logs())?.[1]);
  onTestFinished(() => void (isAlive(pid) && process.kill(pid, 'SIGKILL')));
  expect(cgroupsOf(pid).filter(directory => directory.includes(container.id))).toEqual([]);
  await expect.poll(() => kernel.look(container.id)).toBe('populated');
  const target = { agentId, operationId: 'op', id: container.id };
  return { container, target, pid };
}

test.each([
  ['plainly', 'true'],
  ['with a mount namespace of its own', 'exec unshare -m sh -c "echo left \\$\\$; exec sleep 100000"'],
])('What left the cgroup of its container %s is found and dies', async (_, more) => {
  const bystander = await startIn([], 1);
  const { target, pid, container } = await withStray(`stray-${more.length}`, more);
  const sharing = await startContainer({
    agentId: 'sharing',
    processes: 1,
    extra: { HostConfig: { NetworkMode: `container:${container.id}` } },
  });
  expect(await docker.kill(target, atOnce())).toEqual({
    ...placeOf('docker', target.id),
    outcome: 'dead',
    needsRemoval: true,
  });
  expect([isAlive(pid), container.pids()]).toEqual([false, []]);
  expect(sharing.pids()).not.toEqual([]);
  expect(bystander.isRunning()).toBe(true);
  process.kill(-bystander.pid, 'SIGKILL');
  await docker.remove(target, AbortSignal.timeout(20_000));
});

test('What cannot be seen to die keeps the container from being called dead', async () => {
  const { target, pid } = await withStray('stray-stubborn');
  const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
  onTestFinished(() => kill.mockRestore());
  expect(await docker.kill(target, atOnce())).toEqual({
    ...placeOf('docker', target.id),
    outcome: 'pending',
    detail: 'what left the cgroup of the container still runs',
  });
  kill.mockRestore();
  expect(isAlive(pid)).toBe(true);
  await engine().getContainer(target.id).remove({ force: true });
  // Its container is gone, and it is still the container's.
  expect((await docker.kill(target, atOnce())).outcome).toBeOneOf(['dead', 'alreadyGone']);
  expect(isAlive(pid)).toBe(false);
});

test('A container that nothing can leave is not searched for strays', async () => {
  const sweep = vi.spyOn(kernel, 'sweep');
  const container = await startContainer({ agentId: 'confined', processes: 2 });
  await expect.poll(() => kernel.look(container.id)).toBe('populated');
  const target = { agentId: 'confined', operationId: 'op', id: container.id };
  expect(await docker.kill(target, atOnce())).toMatchObject({ outcome: 'dead' });
  expect(sweep).not.toHaveBeenCalled();
});
