import { spawn } from 'node:child_process';
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

/** Starts the command on this host, in this terminal and, where possible, born in a cgroup of its own. */
export async function startOnHost(command: CommandLine, options: HostOptions): Promise<Started> {
  const { agentId, cwd, env, enclosures, lookAt, scope = scopeFor } = options;
  const start = (words: readonly string[]): Spawned =>
    follow(spawn(words[0] ?? '', words.slice(1), { stdio: 'inherit', cwd, env }));

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
      enclosure?.kill();
      child.kill('SIGKILL');
    },
    close: () => void enclosure?.remove(),
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
