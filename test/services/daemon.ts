import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const READY_WITHIN = 30_000;
const STOPPED_WITHIN = 5_000;

/** Starts a program, detached so that a Ctrl-C reaches it through us, and waits until its socket answers. */
export async function startDaemon(
  file: string,
  args: readonly string[],
  { socket, log, env = process.env }: { socket: string; log: string; env?: NodeJS.ProcessEnv },
): Promise<ChildProcess> {
  const output = openSync(log, 'a');
  const child = spawn(file, args, { detached: true, stdio: ['ignore', output, output], env });
  closeSync(output);
  await once(child, 'spawn');
  const deadline = performance.now() + READY_WITHIN;
  while (!(await answers(socket))) {
    const late = performance.now() > deadline;
    if (late) child.kill('SIGKILL');
    if (late || hasEnded(child)) {
      const why = late ? `did not listen within ${READY_WITHIN / 1000} s` : 'ended before it listened';
      throw new Error(
        `${file} ${why}: ${readFileSync(log, 'utf8').trim().split('\n').slice(-3).join(' | ')}`,
      );
    }
    await delay(20);
  }
  return child;
}

/** Asks a program to end, also one that a test froze, and makes it end if it does not. */
export async function stopDaemon(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, 'exit');
  child.kill('SIGCONT');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOPPED_WITHIN);
  await ended;
  clearTimeout(timer);
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function answers(socket: string): Promise<boolean> {
  return new Promise(resolve => {
    const client = connect(socket, () => resolve(true)).on('error', () => resolve(false));
    client.once('connect', () => client.destroy());
  });
}
