import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTeardown } from '../../server/teardown.js';

/** What the demonstration stands on, and how it is taken down again. */
export interface Workspace {
  /** Absolute and real; everything on disk lies in it. */
  readonly directory: string;
  /** Random, to tell this run's things from all others. */
  readonly runId: string;
  /** Registers how something goes away again, before it is made. The last one goes first. */
  defer(undo: () => Promise<unknown>): void;
  /** Takes everything down, whatever becomes of the single steps. @returns what failed */
  close(): Promise<readonly unknown[]>;
}

/** Bytes of a folder in which the server's socket still finds room: the path of one holds 103 on every system. */
const ROOM = 58;

/** Where temporary files go, or the system's own folder if that lies too deep. */
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
