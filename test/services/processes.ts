import { spawn } from 'node:child_process';
import { on } from 'node:events';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { inject, RUN_MARK } from './context.js';
import { latestIdentity } from './identity.js';
import { isAlive, readOf, signal, startTimeOf } from './proc.js';
import { afterFile } from './registry.js';

export interface ProcessOptions {
  readonly agentId: string;
  /** The variable that says so. */
  readonly variable?: string;
  /** Plain children of the first process. */
  readonly children?: number;
  /** Members with a session of their own, whose parent has ended. */
  readonly daemonized?: number;
  readonly ignoreTerm?: boolean;
  /** User and group that it runs as: those of the tests unless told. */
  readonly user?: number | undefined;
  /** Added to the tree's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface AgentProcess {
  readonly pid: number;
  /** Field 22 of the first process's stat. */
  readonly startTime: string;
  readonly daemons: readonly number[];
  /** PIDs of the members that are still alive. */
  pids(): number[];
}

/** Starts a bare process tree that carries an agent's ID, and returns once every member runs. */
export async function startProcess(options: ProcessOptions): Promise<AgentProcess> {
  const { variable = latestIdentity().variable } = options;
  const { agentId, children = 2, daemonized = 1, ignoreTerm = false, env = {}, user } = options;
  const root = spawn('sh', ['-c', script(children, daemonized, ignoreTerm)], {
    detached: true,
    ...(user !== undefined && { uid: user, gid: user }),
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      [variable]: agentId,
      [RUN_MARK]: basename(inject('runFolder')),
      ...env,
    },
  });
  const members = new Map<number, string>();
  afterFile(() => {
    for (const [pid, startTime] of members) signal(pid, startTime, 'SIGKILL');
  });
  const daemons: number[] = [];
  for await (const [line] of on(createInterface(root.stdout), 'line', { close: ['close'] })) {
    const [kind, pid] = String(line).split(' ');
    members.set(Number(pid), startTimeOf(Number(pid)) ?? '');
    if (kind === 'daemon') daemons.push(Number(pid));
    if (members.size === 1 + children + daemonized) break;
  }
  const pid = root.pid ?? 0;
  const startTime = members.get(pid);
  if (!startTime) throw new Error(`The process tree of ${agentId} ended before it was ready.`);
  for (const member of members.keys()) await untilMarked(member, `${variable}=${agentId}\0`);
  const pids = (): number[] => [...members].filter(member => isAlive(...member)).map(([member]) => member);
  return { pid, startTime, daemons, pids };
}

/** Amid its exec a process shows an empty environment, and no event tells when that is over. */
async function untilMarked(pid: number, mark: string): Promise<void> {
  while (isAlive(pid) && !readOf(pid, 'environ').includes(mark)) await delay(1);
}

/** Each member says its PID; the first one last, when the parents of all the daemons have ended. */
function script(children: number, daemonized: number, ignoreTerm: boolean): string {
  const sleeper = 'sleep 100000 >/dev/null';
  return [
    ...(ignoreTerm ? ["trap '' TERM"] : []),
    ...Array.from({ length: children }, () => `${sleeper} & echo child $!`),
    ...Array.from({ length: daemonized }, () => `(setsid sh -c 'echo daemon $$; exec ${sleeper}' &)`),
    'echo root $$',
    'while :; do wait; sleep 1; done',
  ].join('\n');
}
