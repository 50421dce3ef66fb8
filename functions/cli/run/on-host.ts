import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import type { Transition } from '../../../lib/domain/agent.js';
import type { Enclosures } from '../../../lib/ports/enclosure.js';
import { follow, type Spawned, type Started } from './agent.js';
import type { CommandLine } from './plan.js';
import { scopeFor } from './scope.js';

export interface HostOptions {
  readonly agentId: string;
  readonly cwd: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly enclosures: Enclosures;
  readonly lookAt: (pid: number) => Promise<{ readonly startTime: string } | undefined>;
  /** What gives a cgroup where this process may make none. */
  readonly scope?: () => readonly string[] | undefined;
}

/** Field 22 of /proc/PID/stat; a record holds no other kind of start time. */
const TICKS = /^\d+$/;

/** Tries to remove the cgroup of killed processes, and milliseconds between two of them. */
const ATTEMPTS = 100;
const BETWEEN = 10;

/** Starts the command on this host, in this terminal and, where possible, born in a cgroup of its own. */
export async function startOnHost(command: CommandLine, options: HostOptions): Promise<Started> {
  const { agentId, cwd, env, enclosures, lookAt, scope = scopeFor } = options;
  const start = (words: readonly string[]): Spawned =>
    follow(spawn(words[0] ?? '', words.slice(1), { stdio: 'inherit', cwd, env }));

  let isKilled = false;
  const { child, exit, why } = await begin();
  const enclosure = enclosures.find(agentId);
  const members = (): readonly number[] => enclosure?.members().filter(pid => pid !== child.pid) ?? [];
  return {
    child,
    exit,
    ...(await changeFor(child.pid)),
    ...(why !== undefined && {
      weakness: `has no cgroup of its own (${why}): a daemon that clears its environment may escape a kill`,
    }),
    left: members,
    kill() {
      isKilled = true;
      enclosure?.kill();
      child.kill('SIGKILL');
    },
    async close() {
      // The kernel takes a moment to end what was killed.
      for (let left = ATTEMPTS; enclosure?.remove() === false && isKilled && left > 0; left -= 1)
        await delay(BETWEEN);
    },
  };

  async function begin(): Promise<Spawned & { why?: string }> {
    const { ok } = await enclosures.probe();
    const words = ok ? undefined : scope();
    if (words !== undefined) return start([...words, ...command]);
    const { born, enclosing } = enclosures.spawnInside(agentId, () => start(command));
    return { ...born, ...(!enclosing.enclosed && { why: enclosing.why }) };
  }

  async function changeFor(pid: number | undefined): Promise<{ change?: Transition }> {
    const startTime = pid === undefined ? undefined : (await lookAt(pid))?.startTime;
    if (pid === undefined || startTime === undefined || !TICKS.test(startTime)) return {};
    return { change: { process: { pid, startTime } } };
  }
}
