import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename } from 'node:path';
import { inject, RUN_MARK } from './context.js';
import { latestIdentity } from './identity.js';
import { isAlive, signal, startTimeOf } from './proc.js';
import { afterFile } from './registry.js';

export interface Sleeper {
  /** As a record names it. */
  readonly process: { readonly pid: number; readonly startTime: string };
  isAlive(): boolean;
}

/** The cheapest agent there is: one process that sleeps and carries the agent's ID. */
export async function startSleeper(agentId: string, { variable } = latestIdentity()): Promise<Sleeper> {
  const child = spawn('sleep', ['100000'], {
    detached: true,
    stdio: 'ignore',
    env: {
      PATH: process.env['PATH'],
      [variable]: agentId,
      [RUN_MARK]: basename(inject('runFolder')),
    },
  });
  // It is told of when the program runs, so that the environment is there too.
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  const startTime = startTimeOf(pid) ?? '';
  afterFile(() => signal(pid, startTime, 'SIGKILL'));
  return { process: { pid, startTime }, isAlive: () => isAlive(pid, startTime) };
}
