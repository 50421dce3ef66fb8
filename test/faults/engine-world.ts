import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { expect, inject, onTestFinished, vi } from 'vitest';
import { createCgroups } from '../../lib/adapters/cgroup/index.js';
import { type DockerOptions, type DockerSandbox, openDocker } from '../../lib/adapters/docker/index.js';
import type { Kernel } from '../../lib/ports/kernel.js';
import type { Target } from '../../lib/ports/sandbox.js';
import { silent } from '../fakes/docker-engine.js';
import { isAlive, temporaryDirectory } from '../services/agents.js';
import { findBinaries } from '../services/binaries.js';
import { cgroupsOf, membersOf } from '../services/cgroups.js';
import { type EngineService, startEngine } from '../services/dockerd.js';
import { engineAt } from '../services/engine.js';
import { importImage, layOutImage } from '../services/image.js';
import { freezeAll, signal, startTimeOf } from '../services/proc.js';
import { afterFile } from '../services/registry.js';

export interface StartedAgent {
  readonly target: Target & { readonly id: string };
  readonly container: Docker.Container;
  /** Live host PIDs; no engine is asked. */
  pids(): number[];
}

/** An engine of one test file alone, which may be frozen, killed and started again. */
export interface PrivateEngine {
  readonly url: string;
  /** Where it keeps its files. */
  readonly dataRoot: string;
  readonly client: Docker;
  start(agentId: string, options?: Docker.ContainerCreateOptions): Promise<StartedAgent>;
  pids(): { readonly dockerd: number; readonly containerd: number };
  /** Ends both daemons by SIGKILL; containers outlive them. */
  killDaemons(): Promise<void>;
  /** Starts them again on the same files. */
  startDaemons(): Promise<void>;
}

const SCRIPT = 'i=1; while [ $i -lt 5 ]; do sleep 100000 & i=$((i+1)); done; exec sleep 100000';

export async function privateEngine(): Promise<PrivateEngine> {
  // It goes with the run: a killed engine leaves mounts in it.
  const folder = mkdtempSync(join(inject('runFolder'), 'engine-'));
  const { busybox, dockerd } = findBinaries(['dockerd', 'containerd', 'busybox']);
  let service: EngineService = await startEngine(dockerd, folder);
  afterFile(() => service.stop());
  await importImage(service.url, layOutImage(busybox, folder), 'agent:latest');
  const client = engineAt(service.url);
  const pids = () => ({ dockerd: service.pid ?? 0, containerd: service.containerdPid ?? 0 });
  return {
    url: service.url,
    dataRoot: join(folder, 'data'),
    client,
    pids,
    async start(agentId, { HostConfig, ...options } = {}) {
      const container = await client.createContainer({
        Image: 'agent:latest',
        Cmd: ['sh', '-c', SCRIPT],
        Labels: { 'killswitch.agent-id': agentId },
        // An engine that starts ends what still runs, and waits so long for it.
        StopTimeout: 0,
        ...options,
        HostConfig: { NetworkMode: 'none', ...HostConfig },
      });
      await container.start();
      const { State } = await container.inspect();
      const cgroups = cgroupsOf(State.Pid).filter(directory => directory.includes(container.id));
      const target = { agentId, operationId: 'op', id: container.id };
      return { target, container, pids: () => membersOf(cgroups) };
    },
    async killDaemons() {
      const { dockerd: engine, containerd } = pids();
      process.kill(engine, 'SIGKILL');
      // It may have gone along with the engine.
      if (isAlive(containerd)) process.kill(containerd, 'SIGKILL');
      await expect.poll(() => [engine, containerd].some(pid => isAlive(pid))).toBe(false);
    },
    async startDaemons() {
      // Nobody may have reaped the old one, and a zombie counts as running there.
      rmSync(join(folder, 'exec', 'containerd', 'containerd.pid'), { force: true });
      service = await startEngine(dockerd, folder);
    },
  };
}

export interface Watched {
  readonly docker: DockerSandbox;
  readonly kernel: Kernel;
}

/** The adapter with the kernel path, once it follows the engine. */
export async function openWatched(url: string, options: Partial<DockerOptions> = {}): Promise<Watched> {
  const kernel = createCgroups();
  const docker = openDocker({
    host: url,
    kernel,
    callDeadlineMs: 500,
    killDeadlineMs: 500,
    log: silent,
    ...options,
  });
  onTestFinished(() => docker.close());
  await untilLive(docker);
  return { docker, kernel };
}

/** Freezes a process until the test is over or it is thawed. */
export function freeze(pid: number): () => void {
  const startTime = startTimeOf(pid);
  const thaw = (): void => signal(pid, startTime, 'SIGCONT');
  onTestFinished(thaw);
  freezeAll(pid);
  return thaw;
}

export async function untilLive(docker: DockerSandbox): Promise<void> {
  const live = expect.stringContaining('event stream live');
  await vi.waitFor(async () => expect(await docker.probe()).toMatchObject({ detail: live }), {
    timeout: 20_000,
  });
}

export async function untilLearnt(kernel: Kernel, agents: readonly StartedAgent[]): Promise<void> {
  const seen = () => agents.map(({ target }) => kernel.look(target.id));
  await expect.poll(seen, { timeout: 20_000 }).toEqual(agents.map(() => 'populated'));
}

/** Stands between the adapter and the engine. */
export interface Line {
  readonly url: string;
  /** Breaks off all connections and takes no new ones, until it is mended. */
  cut(): void;
  mend(): void;
  /** Lets the connections that are open stay so, and nothing come through them any more. */
  stall(): void;
}

export async function lineTo(url: string): Promise<Line> {
  const path = join(temporaryDirectory(), 'line.sock');
  const open = new Set<{ client: Socket; engine: Socket }>();
  let isCut = false;
  const server = createServer(client => {
    const engine = connect(new URL(url).pathname);
    const pair = { client, engine };
    open.add(pair);
    client.pipe(engine).pipe(client);
    for (const socket of [client, engine]) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        client.destroy();
        engine.destroy();
        open.delete(pair);
      });
    }
    if (isCut) client.destroy();
  });
  await new Promise<void>(resolve => server.listen(path, resolve));
  const cut = (): void => {
    isCut = true;
    for (const { client } of open) client.destroy();
  };
  onTestFinished(() => {
    cut();
    server.close();
  });
  return {
    url: `unix://${path}`,
    cut,
    mend: () => {
      isCut = false;
    },
    stall: () => {
      for (const { client, engine } of open) engine.unpipe(client);
    },
  };
}
