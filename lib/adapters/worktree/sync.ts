import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Log } from '../../ports/runtime.js';
import { withTimeout } from '../../util/with-timeout.js';
import type { Liveness } from './liveness.js';
import { silent } from './verdict.js';

interface Syncer {
  /** Brings a file to the disk, in the background and in a moment of rest. */
  later(path: string): void;
  /** Does now what is left to do. */
  flush(): Promise<void>;
}

/** Milliseconds without a new file. */
const REST_MS = 250;
/** Milliseconds that a flush is waited for: its filesystem may have died since it answered. */
const FLUSH_MS = 5_000;

/**
 * fsync(2) writes what others changed before, too (the 100,000 new files of a worktree, for instance), and holds up
 * every other change of the filesystem. No caller waits for it: a manifest that is lost in a power cut is written
 * again or done without.
 */
export function createSyncer({ log, answers }: { log: Log; answers: Liveness['answers'] }): Syncer {
  const paths = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let last: Promise<void> = Promise.resolve();

  async function sync(path: string): Promise<void> {
    try {
      if (!(await answers(path))) throw silent();
      const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      await file.sync().finally(() => file.close());
    } catch (error) {
      log.warn({ path, err: error }, 'manifest not brought to the disk');
    }
  }

  async function syncAll(): Promise<void> {
    for (const path of paths) {
      paths.delete(path);
      await sync(path);
    }
  }

  function flush(): Promise<void> {
    clearTimeout(timer);
    last = last.then(syncAll);
    return withTimeout(last, FLUSH_MS, () => undefined);
  }

  return {
    later(path) {
      paths.add(path);
      clearTimeout(timer);
      timer = setTimeout(flush, REST_MS).unref();
    },
    flush,
  };
}
