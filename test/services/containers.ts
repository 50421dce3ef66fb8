import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type Docker from 'dockerode';
import { cgroupsOf, membersOf } from './cgroups.js';
import { inject } from './context.js';
import { engineAt } from './engine.js';
import { latestIdentity } from './identity.js';
import { signal, startTimeOf } from './proc.js';
import { afterFile } from './registry.js';

export interface ContainerOptions {
  readonly agentId: string;
  readonly label?: string;
  readonly labelled?: boolean;
  /** How many processes it runs, the shell that is its first included; all of them ignore SIGTERM. */
  readonly processes?: number;
  readonly restart?: 'always' | 'unless-stopped' | 'on-failure';
  readonly name?: string;
  /** Merged over the rest, `HostConfig` member by member; with a `Cmd` of its own nothing is awaited. */
  readonly extra?: Docker.ContainerCreateOptions;
}

export interface AgentContainer {
  readonly id: string;
  readonly name: string;
  /** Live host PIDs, read from its cgroup: it asks no engine, so it also works while one is frozen. */
  pids(): number[];
}

/** A client of the engine under test. */
export function engine(): Docker {
  return engineAt(inject('dockerHost'));
}

/** Starts an agent's container and returns once all its processes run. */
export async function startContainer(options: ContainerOptions): Promise<AgentContainer> {
  const { label = latestIdentity().label } = options;
  const { agentId, labelled = true, processes = 11, restart, extra } = options;
  const name = options.name ?? `${agentId.replace(/[^\w.-]/g, '-')}-${randomBytes(4).toString('hex')}`;
  const container = await engine().createContainer({
    name,
    Image: inject('agentImage'),
    Cmd: ['sh', '-c', script(processes)],
    ...(labelled && { Labels: { [label]: agentId } }),
    ...extra,
    HostConfig: {
      NetworkMode: 'none',
      ...(restart && { RestartPolicy: { Name: restart } }),
      ...extra?.HostConfig,
    },
  });
  afterFile(() => removeContainer(container));
  if (extra?.Cmd) await container.start();
  else await startAndAwaitOutput(container);
  const { State } = await container.inspect();
  const cgroups = cgroupsOf(State.Pid).filter(directory => directory.includes(container.id));
  return { id: container.id, name, pids: () => membersOf(cgroups) };
}

function script(processes: number): string {
  const spawnOne = 'sleep 100000 >/dev/null 2>&1 &';
  return `trap '' TERM; i=1; while [ $i -lt ${processes} ]; do ${spawnOne} i=$((i+1)); done; echo ready; while :; do wait; sleep 1; done`;
}

async function startAndAwaitOutput(container: Docker.Container): Promise<void> {
  const output = await container.attach({ stream: true, stdout: true });
  const first = once(output, 'data');
  await container.start();
  await first;
  output.removeAllListeners('error').on('error', () => undefined);
  (output as NodeJS.ReadWriteStream & { destroy(): void }).destroy();
}

async function removeContainer(container: Docker.Container): Promise<void> {
  // A failed test may have left the engine frozen.
  for (const pid of [inject('dockerdPid'), inject('containerdPid')]) {
    if (pid !== null) signal(pid, startTimeOf(pid), 'SIGCONT');
  }
  try {
    await container.remove({ force: true, v: true, abortSignal: AbortSignal.timeout(20_000) });
  } catch (error) {
    // 404: gone; 409: already being removed.
    const { statusCode } = error as { statusCode?: number };
    if (statusCode !== 404 && statusCode !== 409) throw error;
  }
}
