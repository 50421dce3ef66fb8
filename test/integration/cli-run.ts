import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { build } from '../services/build.js';
import { RUN_MARK } from '../services/context.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export type Environment = Readonly<Record<string, string>>;
export type Cli = ChildProcessByStdio<null, Readable, Readable>;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts the command line, compiled beforehand, with no environment but this one. */
export function startCli(args: readonly string[], env: Environment = {}): Cli {
  const mark = process.env[RUN_MARK];
  return spawn(process.execPath, [join(build(), 'functions/cli/main.js'), ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], ...(mark !== undefined && { [RUN_MARK]: mark }), ...env },
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

export const runCli = (args: readonly string[], env?: Environment): Promise<Ended> =>
  endOf(startCli(args, env));

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
