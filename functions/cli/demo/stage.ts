import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What the demonstration stands on, and how it is taken down again. */
export interface Stage {
  /** Absolute and real; everything on disk lies in it. */
  readonly directory: string;
  /** Random, to tell this run's things from all others. */
  readonly runId: string;
  /** Registers how something goes away again, before it is made. The last one goes first. */
  defer(undo: () => Promise<unknown>): void;
  /** Takes everything down, whatever becomes of the single steps. @returns what failed */
  clear(): Promise<readonly unknown[]>;
}

export async function openStage(): Promise<Stage> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'killswitch-demo-')));
  const undos: (() => Promise<unknown>)[] = [
    () => rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }),
  ];
  return {
    directory,
    runId: directory.slice(-6).toLowerCase(),
    defer: undo => void undos.push(undo),
    async clear() {
      const failures: unknown[] = [];
      for (const undo of undos.splice(0).reverse()) await undo().catch(error => failures.push(error));
      return failures;
    },
  };
}
