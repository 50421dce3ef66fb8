import { realpath } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { LayerOutcome } from '../../outcome.js';
import type { Clock, Log, Target, Worktrees } from '../../ports.js';
import { type Cleared, clear } from './clear.js';
import type { Sweeping } from './delete.js';
import { anchorByDescriptor, anchored } from './directory.js';
import { openLiveness } from './liveness.js';
import type { Manifest } from './manifest.js';
import { type IsMounted, isMountedByDevice, openMountTable } from './mounts.js';
import { locate } from './place.js';
import { anchorByPath } from './portable.js';
import { entryName } from './quarantine.js';
import { openRemover } from './remover.js';
import { NOT_SET, openRoots } from './roots.js';
import { sweepRoot } from './sweep.js';
import { openSyncer } from './sync.js';
import { inWords, Verdict } from './verdict.js';

export interface WorktreesOptions {
  /** Directories that worktrees may live in; trusted. None: every worktree is left alone. */
  readonly roots: readonly string[];
  /** How long a cleared worktree is kept, in milliseconds. 0: it is deleted at once, in the background; Infinity: never. */
  readonly ttlMs: number;
  /** Noted in the manifest. */
  readonly hostId?: string;
  /** Anything but `linux` takes the portable way. */
  readonly platform?: NodeJS.Platform;
  readonly clock: Clock;
  readonly log: Log;
}

export interface OpenWorktrees extends Worktrees {
  /** Deletes what has been kept long enough. To be called now and then. @returns how many worktrees */
  expire(): Promise<number>;
  /** Ends a deletion that is under way (another run goes on with it) and waits for what is left to do. */
  close(): Promise<void>;
}

/** The last moment that RFC 3339 can write. */
const LAST_DATE = Date.parse('9999-12-31T23:59:59.999Z');

/** Of a kill-all, which clears many in one moment; a deletion looks afresh. */
const TABLE_AGE_MS = 50;

/**
 * Clears worktrees by renaming them into a quarantine beside them. No git command is run: whatever the agent could
 * write may make git start a program (failure-modes 9 to 13).
 */
export function openWorktrees(options: WorktreesOptions): OpenWorktrees {
  const { ttlMs, hostId, platform = process.platform, clock, log } = options;
  const roots = openRoots(options.roots);
  const answers = openLiveness();
  const remover = openRemover({ platform });
  const onLinux = platform === 'linux';
  const openAnchor = onLinux ? anchorByDescriptor : anchorByPath;
  const mountTable = (maxAgeMs: number): IsMounted =>
    onLinux ? openMountTable(clock.monotonic, maxAgeMs) : isMountedByDevice;
  const isMounted = mountTable(TABLE_AGE_MS);
  const syncer = openSyncer({ log });
  // Each is short, but hundreds in one go would hold up the kills.
  const turns = pLimit(1);
  let closed = false;
  const sweeping: Sweeping = {
    openAnchor,
    isMounted: mountTable(0),
    answers,
    remover,
    log,
    ttlMs,
    now: clock.now,
    isClosed: () => closed,
  };

  function manifestOf({ agentId, operationId, repository }: Target, worktreePath: string): Manifest {
    const now = clock.now();
    return {
      version: 1,
      agentId,
      operationId,
      worktreePath,
      ...(hostId === undefined ? {} : { host: hostId }),
      ...(repository === undefined ? {} : { repository }),
      clearedAt: new Date(now).toISOString(),
      expiresAt: new Date(Math.min(now + ttlMs, LAST_DATE)).toISOString(),
    };
  }

  async function clearPath(target: Target, path: string, deadline: AbortSignal): Promise<Cleared> {
    const { agentId, operationId, repository } = target;
    const known = roots.list();
    const place = locate(path, known);
    const entry = entryName(agentId, operationId);
    const spellings = repository === undefined ? [] : [repository];
    const alive = await Promise.all([
      answers(path, { deadline }),
      ...spellings.map(each =>
        answers(each, { deadline, look: async () => spellings.push(await realpath(each)) }),
      ),
    ]);
    if (alive.includes(false)) throw new Verdict('failed', 'the filesystem does not answer');
    const manifest = manifestOf(target, path);
    const job = {
      place,
      roots: known,
      entry,
      repository,
      repositorySpellings: spellings,
      manifest,
      isMounted,
      log,
    };
    return turns(async () => {
      await setImmediate();
      const { written, ...cleared } = anchored(openAnchor, anchor => clear(anchor, job));
      if (written !== undefined) syncer.later(written);
      return cleared;
    });
  }

  async function outcomeOf(target: Target, deadline: AbortSignal): Promise<Cleared> {
    const { agentId, operationId, worktreePath } = target;
    if (options.roots.length === 0) return { outcome: 'skipped', detail: NOT_SET };
    if (worktreePath === undefined) return { outcome: 'skipped', detail: 'no worktree recorded' };
    if (deadline.aborted) return { outcome: 'pending', detail: 'no time was left to clear the worktree' };
    try {
      return await clearPath(target, worktreePath, deadline);
    } catch (error) {
      if (error instanceof Verdict) return { outcome: error.outcome, detail: error.message };
      log.error({ agentId, operationId, err: error }, 'clearing a worktree failed');
      return { outcome: 'failed', detail: inWords(error) };
    }
  }

  async function sweepAll(): Promise<number> {
    let deleted = 0;
    for (const { real } of roots.list()) {
      if (real === undefined || closed || !(await answers(real))) continue;
      deleted += await sweepRoot(sweeping, real).catch((error: unknown) => {
        log.error({ root: real, err: error }, 'root not swept');
        return 0;
      });
    }
    return deleted;
  }

  // One sweep at a time; who asks while one waits for its turn gets that one's result.
  let last: Promise<number> = Promise.resolve(0);
  let waiting: Promise<number> | undefined;
  function expire(): Promise<number> {
    waiting ??= last.then(() => {
      waiting = undefined;
      last = sweepAll();
      return last;
    });
    return waiting;
  }

  return {
    async clear(target, deadline): Promise<LayerOutcome> {
      const cleared = await outcomeOf(target, deadline);
      if (ttlMs === 0 && cleared.outcome === 'removed') void expire();
      return { layer: 'worktree', ...cleared };
    },
    probe: () => roots.health(answers),
    expire,
    async close() {
      closed = true;
      remover.close();
      await Promise.all([waiting ?? last, syncer.flush()]);
    },
  };
}
