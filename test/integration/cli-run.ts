import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { build } from '../services/build.js';
import { inject, RUN_MARK } from '../services/context.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export type Environment = Readonly<Record<string, string>>;
export type Cli = ChildProcessByStdio<null, Readable, Readable>;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface How {
  readonly cwd?: string;
  /** In a session of its own, without a terminal. */
  readonly detached?: boolean;
  /** As another user, who must be able to read the program. */
  readonly uid?: number;
  readonly gid?: number;
  /** The folder of the compiled program. */
  readonly program?: string;
}

/** No file of this machine is read, and no state of it is touched. */
const apart = (): Environment => ({
  KILLSWITCH_CONFIG: '/dev/null',
  KILLSWITCH_STATE_DIR: join(inject('runFolder'), 'no-state'),
});

/** Starts the command line, compiled beforehand, with no environment but this one. */
export function startCli(
  args: readonly string[],
  env: Environment = {},
  { program = build(), ...how }: How = {},
): Cli {
  const mark = process.env[RUN_MARK];
  return spawn(process.execPath, [join(program, 'functions/cli/main.js'), ...args], {
    cwd: ROOT,
    ...how,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], ...(mark !== undefined && { [RUN_MARK]: mark }), ...apart(), ...env },
  });
}

export async function endOf(cli: Cli): Promise<Ended> {
  const [[code], stdout, stderr] = await Promise.all([
    once(cli, 'close') as Promise<[number | null]>,
    text(cli.stdout),
    text(cli.stderr),
  ]);
  return { code, stdout, stderr };
}

export const runCli = (args: readonly string[], env?: Environment, how?: How): Promise<Ended> =>
  endOf(startCli(args, env, how));

/** Resolves with what a stream has said when that holds the wanted text. */
export function until(stream: Readable, wanted: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    stream.on('data', chunk => {
      said += chunk;
      if (said.includes(wanted)) resolve(said);
    });
    stream.once('close', () => reject(new Error(`It ended without saying ${wanted}: ${said}`)));
  });
}
