import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTeardown } from '../../server/teardown.js';

/** A temporary directory for one run of the demo, and the clean-up of everything that the run makes. */
export interface Workspace {
  /** Absolute, without symbolic links; all files of the run are in it. */
  readonly directory: string;
  /** Random, so that the labels and names of this run are its own. */
  readonly runId: string;
  /** Registers a clean-up step, before the thing is made. The last one runs first. */
  defer(undo: () => Promise<unknown>): void;
  /** Runs every step, also after one fails. @returns the errors */
  close(): Promise<readonly unknown[]>;
}

/** Bytes of a directory path that leave room for the server's socket: a socket path has at most 103 bytes on any system. */
const ROOM = 58;

/** The directory for temporary files, or /tmp if its path is too long. */
async function temporary(): Promise<string> {
  const folder = await realpath(tmpdir());
  return Buffer.byteLength(folder) > ROOM ? realpath('/tmp') : folder;
}

export async function createWorkspace(): Promise<Workspace> {
  const directory = await mkdtemp(join(await temporary(), 'killswitch-demo-'));
  const teardown = createTeardown();
  teardown.add('folder', () =>
    rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }),
  );
  return {
    directory,
    runId: directory.slice(-6).toLowerCase(),
    defer: undo => teardown.add('step', undo),
    close: async () => (await teardown.run()).map(({ error }) => error),
  };
}
