import { type ChildProcess, spawn } from 'node:child_process';
import type { Directory } from './directory.js';

export interface Remover {
  /** Deletes what lies in the directory under these names, as far as that is possible; one call at a time. */
  remove(directory: Directory, names: readonly string[]): Promise<void>;
  /** Ends a deletion that is under way; what is left of it is deleted another time. */
  close(): void;
}

/** rm(1) in a child: deleting in this process would stall every other asynchronous read for seconds. */
export function openRemover({ platform }: { platform: NodeJS.Platform }): Remover {
  // A second guard only: it stops at another device, and a bind mount need not be one.
  const stay = platform === 'linux' ? '--one-file-system' : '-x';
  let child: ChildProcess | undefined;
  let closed = false;
  return {
    remove: ({ access }, names) =>
      new Promise((resolve, reject) => {
        if (closed) return resolve();
        // The child enters the directory through its own copy of our descriptor, before exec(2) closes that.
        const process = spawn(
          'nice',
          ['-n', '19', 'rm', '-rf', stay, '--', ...names.map(name => `./${name}`)],
          {
            cwd: access,
            env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
            stdio: 'ignore',
          },
        );
        child = process;
        process.once('error', reject);
        process.once('close', () => resolve());
      }),
    close() {
      closed = true;
      child?.kill();
    },
  };
}
