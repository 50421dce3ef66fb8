import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { on } from 'node:events';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import { inject, onTestFinished } from 'vitest';
import { createProcesses } from '../../lib/adapters/process/index.js';
import { createSnapshot, type HostProcess, type ProcessTable } from '../../lib/adapters/process/table.js';
import { placeOf } from '../../lib/domain/debt.js';
import { type AgentProcess, processId } from '../../lib/domain/sandbox.js';
import type { Log } from '../../lib/ports/runtime.js';
import type { KillOptions, Target } from '../../lib/ports/sandbox.js';
import { RUN_MARK } from '../services/context.js';
import { allProcesses, readOf, signal, startTimeOf } from '../services/proc.js';

export const silent: Log = { warn: () => undefined, error: () => undefined, info: () => undefined };
export const sandbox = createProcesses({ log: silent });

export const newId = (): string => `agent-${randomUUID()}`;
export const atOnce = (): KillOptions => ({ graceMs: 0, deadline: AbortSignal.timeout(20_000) });
export const recordOf = (agentId: string, process?: AgentProcess): Target => ({
  agentId,
  operationId: 'op',
  ...(process && { id: processId(process) }),
});
/** What every outcome says of the place that was asked about. */
export const about = ({ id }: Target) => placeOf('process', id);

/** A process of no table in particular. */
export const host = (pid: number, members: Partial<HostProcess> = {}): HostProcess => ({
  pid,
  ppid: 1,
  group: pid,
  session: pid,
  startTime: '5',
  state: 'stopped',
  kernel: false,
  environment: 'read',
  labels: [],
  ...members,
});

/** A table that shows nobody, but for what it is told. */
export const tableWith = (members: Partial<ProcessTable> = {}): ProcessTable => ({
  snapshot: async () => createSnapshot([]),
  signal: async () => ({ sent: 0, denied: [] }),
  freezeTree: () => [],
  postures: async () => new Map(),
  see: () => undefined,
  startTimes: () => () => undefined,
  concealed: () => undefined,
  exists: () => false,
  isElsewhere: () => false,
  programOf: () => undefined,
  cgroupsOf: () => undefined,
  name: 'by hand',
  ...members,
});

/** Whatever carries this entry in its environment and is no zombie. */
export const carriersOf = (agentId: string): number[] =>
  allProcesses()
    .map(({ pid }) => pid)
    .filter(pid => readOf(pid, 'environ').split('\0').includes(`KILLSWITCH_AGENT_ID=${agentId}`));

export interface Running {
  readonly pid: number;
  readonly startTime: string;
}

export interface RunOptions {
  readonly agentId?: string;
  /** What runs the script; it takes `-c` or `-e`. */
  readonly with?: readonly [string, ...string[]];
  /** Names that the script says, each as a line `name PID`. */
  readonly says?: readonly string[];
  /** User and group that it runs as: those of the tests unless told. */
  readonly user?: number;
}

/** Runs a script in a session of its own, until it said every name. All of it ends with the test, by PID. */
export async function run(script: string, options: RunOptions = {}): Promise<Record<string, Running>> {
  const { agentId, with: [command, ...args] = ['sh', '-c'], says = ['root'], user } = options;
  const child = spawn(command, [...args, script], {
    detached: true,
    ...(user !== undefined && { uid: user, gid: user }),
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {
      PATH: process.env['PATH'],
      [RUN_MARK]: basename(inject('runFolder')),
      ...(agentId && { KILLSWITCH_AGENT_ID: agentId }),
    },
  });
  const said: Record<string, Running> = {};
  onTestFinished(() => {
    for (const { pid, startTime } of Object.values(said)) signal(pid, startTime, 'SIGKILL');
    for (const pid of agentId ? carriersOf(agentId) : []) signal(pid, startTimeOf(pid), 'SIGKILL');
  });
  for await (const [line] of on(createInterface(child.stdout), 'line', { close: ['close'] })) {
    const [name = '', pid] = String(line).split(' ');
    said[name] = { pid: Number(pid), startTime: startTimeOf(Number(pid)) ?? '' };
    if (says.every(expected => expected in said)) break;
  }
  return said;
}
