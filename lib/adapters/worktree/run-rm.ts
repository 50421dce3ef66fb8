import { type ChildProcess, spawn } from 'node:child_process';
import type { Directory } from './directory.js';

export interface Remover {
  /**
   * Deletes what lies in the directory under these names, as far as that is possible; one call at a time.
   * @returns what went wrong, for the log alone: it may hold names that an agent gave; `undefined`: nothing
   */
  remove(directory: Directory, names: readonly string[]): Promise<string | undefined>;
  /** Ends a deletion that is under way; what is left of it is deleted another time. */
  close(): void;
}

interface RemoverOptions {
  /** Where to look for the programs. */
  readonly path?: string | undefined;
}

/** Milliseconds. */
const ASKING_MS = 10_000;
const SAID_LENGTH = 500;

/** How rm(1) is kept on one filesystem: GNU's way and BSD's. BusyBox knows neither. */
const STAYING = ['--one-file-system', '-x'];

/**
 * rm(1) in a child: deleting in this process would stall every other asynchronous read for seconds. The caller makes
 * sure that nothing is mounted below; that rm stays on one filesystem is a second guard where it can, and no more than
 * that, for a bind mount need not be another one.
 */
export function openRemover({ path = '/usr/local/bin:/usr/bin:/bin' }: RemoverOptions = {}): Remover {
  const env = { PATH: path, LC_ALL: 'C' };
  let child: ChildProcess | undefined;
  let closed = false;

  function run(program: string, args: readonly string[], options: object): Promise<string | undefined> {
    return new Promise(resolve => {
      const started = spawn(program, args, { env, stdio: ['ignore', 'ignore', 'pipe'], ...options });
      child = started;
      let said = '';
      started.stderr?.setEncoding('utf8').on('data', (text: string) => {
        if (said.length < SAID_LENGTH) said = (said + text).slice(0, SAID_LENGTH);
      });
      started.once('error', error => resolve(error.message));
      started.once('close', (code, signal) =>
        resolve(code === 0 ? undefined : `ended with ${code ?? signal}: ${said.trim()}`),
      );
    });
  }

  let known: Promise<readonly string[]> | undefined;
  /** Without anything to delete `rm -f` only says whether it knows its options. */
  async function staying(): Promise<readonly string[]> {
    for (const option of STAYING)
      if ((await run('rm', ['-f', option], { timeout: ASKING_MS })) === undefined) return [option];
    return [];
  }

  return {
    async remove({ access }, names) {
      if (closed) return undefined;
      known ??= staying();
      const options = await known;
      if (closed) return undefined;
      const operands = names.map(name => `./${name}`);
      // The child enters the directory through its own copy of our descriptor, before exec(2) closes that.
      return run('nice', ['-n', '19', 'rm', '-rf', ...options, '--', ...operands], { cwd: access });
    },
    close() {
      closed = true;
      child?.kill();
    },
  };
}
