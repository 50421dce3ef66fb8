import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { freePort } from '../integration/valkey-servers.js';
import { build } from './build.js';
import { inject, RUN_MARK } from './context.js';
import { afterFile } from './registry.js';
import { type Environment, settings } from './server.js';
import { temporaryDirectory } from './temporary.js';

/** What a server of the tests may have as its standard output or error. */
type Output = 'ignore' | 'pipe' | number;

export interface Serving {
  readonly url: string;
  readonly child: ChildProcess;
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

/** Writes until nothing more goes in. */
function fill(fd: number): void {
  try {
    for (;;) writeSync(fd, 'x'.repeat(512));
  } catch {
    // Full.
  }
}

/** A pipe that is full and that nothing reads: to be given to a process. */
export function fullPipe(): number {
  const path = join(temporaryDirectory(), 'pipe');
  execFileSync('mkfifo', [path]);
  fill(openSync(path, constants.O_RDWR | constants.O_NONBLOCK));
  const fd = openSync(path, 'r+');
  afterFile(() => closeSync(fd));
  return fd;
}

/** A folder on a disk of its own, which is full; and what makes room there. Needs root. */
export function fullDisk(): { readonly directory: string; readonly makeRoom: () => void } {
  const directory = temporaryDirectory();
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', directory]);
  onTestFinished(() => void execFileSync('umount', ['-l', directory]));
  const filler = join(directory, 'filler');
  const fd = openSync(filler, 'w');
  fill(fd);
  closeSync(fd);
  return { directory, makeRoom: () => closeSync(openSync(filler, 'w')) };
}

/** A command line that serves, for what starts the server in a way of its own. */
export const serveCommand = (): readonly [string, string, string] => [
  process.execPath,
  join(build(), 'functions/cli/main.js'),
  'serve',
];

/** Settings with a port that is known beforehand, for a server whose log cannot be read. */
export async function knownPort(more: Environment = {}): Promise<{ url: string; environment: Environment }> {
  const port = await freePort();
  const environment = settings('sqlite', {
    PORT: String(port),
    KILLSWITCH_SANDBOX: 'process',
    PATH: process.env['PATH'] ?? '',
    [RUN_MARK]: basename(inject('runFolder')),
    ...more,
  });
  return { url: `http://127.0.0.1:${port}`, environment };
}

export const untilServing = (url: string): Promise<void> =>
  expect
    .poll(
      () =>
        fetch(`${url}/healthz`).then(
          ({ status }) => status,
          () => 0,
        ),
      { timeout: 20_000 },
    )
    .toBe(200);

/** A server in a process of its own with these outputs; resolves when it answers. */
export async function serveInto(
  { stdout = 'ignore', stderr = 'ignore' }: { stdout?: Output; stderr?: Output },
  more: Environment = {},
  prefix: readonly string[] = [],
): Promise<Serving> {
  const { url, environment } = await knownPort(more);
  const [file = '', ...args] = [...prefix, ...serveCommand()];
  const child = spawn(file, args, { env: environment, stdio: ['ignore', stdout, stderr] });
  const ended = once(child, 'exit').then(([code, signal]) => code ?? signal);
  afterFile(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  await untilServing(url);
  return { url, child, ended };
}
