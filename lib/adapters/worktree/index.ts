import { setImmediate } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { LayerOutcome } from '../../domain/outcome.js';
import type { Target } from '../../ports/sandbox.js';
import type { Claimed, Worktrees } from '../../ports/worktrees.js';
import { type Cleared, clear, type Job } from './clear.js';
import { anchored } from './directory.js';
import { createEvidenceKeeper, type EvidenceKeeper } from './evidence.js';
import { openExpiry } from './expiry.js';
import { Occupied } from './guard.js';
import type { Manifest } from './manifest.js';
import { locate, spelled } from './place.js';
import { entryName } from './quarantine.js';
import { answering, createRoots, NOT_SET } from './roots.js';
import { openSight } from './sight.js';
import { dateOf, openSweeping, type SweepingOptions } from './sweep-context.js';
import { createSyncer } from './sync.js';
import { inWords, silent, Verdict } from './verdict.js';

export interface WorktreesOptions extends SweepingOptions {
  /** Directories that worktrees may live in; trusted. None: every worktree is left alone. */
  readonly roots: readonly string[];
  /** Noted in the manifest. */
  readonly hostId?: string;
  /** Where evidence is kept that no quarantine entry holds (yet); absolute. Absent: there is none. */
  readonly evidenceDirectory?: string;
  /** How much all that is kept may take on the disk, in bytes; the oldest goes first. Absent: as much as there is. */
  readonly maxBytes?: number | undefined;
}

export interface OpenWorktrees extends Worktrees {
  /** Deletes what has been kept long enough, or is too much. To be called now and then. @returns how many worktrees */
  expire(): Promise<number>;
  /** Keeps what was left of a container of a killed agent. */
  readonly keepEvidence: EvidenceKeeper['keep'];
  /** Ends a deletion that is under way (another run goes on with it) and waits for what is left to do. */
  close(): Promise<void>;
}

type Planned = Omit<Job, 'occupantsOf'>;

/** Of a kill-all, which clears many in one moment. */
const LOOK_AGE_MS = 50;
/** Longer than one clearing takes: whatever it comes to was asked just before, or is left alone. */
const KNOWN_MS = 1_000;

const LATE: Cleared = { outcome: 'pending', detail: 'no time was left to clear the worktree' };

/**
 * Clears worktrees by renaming them into a quarantine beside them. No git command is run: whatever the agent could
 * write may make git start a program (failure-modes 9 to 13).
 */
export function openWorktrees(options: WorktreesOptions): OpenWorktrees {
  const { ttlMs, hostId, clock, log } = options;
  const sweeping = openSweeping(options);
  const { liveness, openAnchor } = sweeping;
  const { answers } = liveness;
  const roots = createRoots(options.roots, liveness);
  const limits = { maxAgeMs: LOOK_AGE_MS, knownMs: KNOWN_MS, liveness };
  const { isMounted, occupancy, openAnchor: openKnown } = openSight(options, limits);
  const syncer = createSyncer({ log, answers });
  const { evidenceDirectory: directory, maxBytes } = options;
  const evidence =
    directory === undefined ? undefined : createEvidenceKeeper({ directory, openAnchor, answers, log });
  const expiry = openExpiry({ sweeping, roots: () => answering(roots, liveness), evidence, maxBytes });
  const looks = { isMounted, log };
  const turns = pLimit(1);

  function manifestOf({ agentId, operationId, repository }: Target, worktreePath: string): Manifest {
    const now = clock.now();
    return {
      version: 1,
      agentId,
      operationId,
      worktreePath,
      ...(hostId === undefined ? {} : { host: hostId }),
      ...(repository === undefined ? {} : { repository }),
      clearedAt: dateOf(now),
      expiresAt: dateOf(now + ttlMs),
    };
  }

  async function clearOnce(
    job: Planned,
    deadline: AbortSignal,
    lookAgeMs: number,
  ): Promise<Cleared | undefined> {
    const occupantsOf = await occupancy(lookAgeMs);
    const way = [job.place.spellings[0] ?? '/', ...job.repositorySpellings];
    const alive = await Promise.all(way.map(each => answers(each, deadline)));
    if (alive.includes(false)) throw silent();
    const { written, ...cleared } =
      anchored(openKnown, anchor => clear(anchor, { ...job, occupantsOf })) ?? {};
    if (written !== undefined) syncer.later(written);
    return 'outcome' in cleared ? cleared : undefined;
  }

  /** One after the other: hundreds in one go would hold up the kills. */
  const go = (job: Planned, deadline: AbortSignal): Promise<Cleared | undefined> =>
    turns(async () => {
      await setImmediate();
      try {
        return await clearOnce(job, deadline, LOOK_AGE_MS);
      } catch (error) {
        if (!(error instanceof Occupied)) throw error;
        return clearOnce(job, deadline, 0);
      }
    });

  async function clearPath(
    target: Target,
    path: string,
    deadline: AbortSignal,
    claimed?: Claimed,
  ): Promise<Cleared> {
    const { agentId, operationId, repository } = target;
    const known = await roots.list();
    const place = locate(path, known);
    const entry = entryName(agentId, operationId);
    const real = repository === undefined ? undefined : await liveness.realpath(repository, deadline);
    const repositories = [repository, real].filter(each => each !== undefined);
    if (!(await answers(place.spellings[0] ?? path, deadline))) throw silent();
    const manifest = manifestOf(target, path);
    const job = {
      place,
      roots: known,
      entry,
      repository,
      repositorySpellings: repositories,
      manifest,
      ...looks,
    };
    const cleared = await go({ ...job, isUnclaimed: claimed === undefined }, deadline);
    if (cleared !== undefined || claimed === undefined) return cleared ?? LATE;
    const against = await claimed(spelled(place));
    if (against !== undefined) return against;
    return deadline.aborted ? LATE : ((await go({ ...job, isUnclaimed: true }, deadline)) ?? LATE);
  }

  async function outcomeOf(target: Target, deadline: AbortSignal, claimed?: Claimed): Promise<Cleared> {
    const { agentId, operationId, worktreePath } = target;
    if (options.roots.length === 0) return { outcome: 'skipped', detail: NOT_SET };
    if (worktreePath === undefined) return { outcome: 'skipped', detail: 'no worktree recorded' };
    if (deadline.aborted) return LATE;
    try {
      return await clearPath(target, worktreePath, deadline, claimed);
    } catch (error) {
      if (error instanceof Verdict) return { outcome: error.outcome, detail: error.message };
      log.error({ agentId, operationId, err: error }, 'clearing a worktree failed');
      return { outcome: 'failed', detail: inWords(error) };
    }
  }

  return {
    async clear(target, deadline, claimed): Promise<LayerOutcome> {
      const cleared = await outcomeOf(target, deadline, claimed);
      const { quarantinePath } = cleared;
      if (quarantinePath !== undefined)
        await evidence?.adopt(entryName(target.agentId, target.operationId), quarantinePath);
      return { layer: 'worktree', ...cleared };
    },
    async probe() {
      const health = await roots.health();
      const { size } = sweeping.undeleted;
      if (!health.ok || size === 0) return health;
      const what = size === 1 ? 'an entry' : `${size} entries`;
      return { ...health, ok: false, aside: true, detail: `${what} of the quarantine could not be deleted` };
    },
    expire: expiry.expire,
    async keepEvidence(containerId, agentId, operationId, what) {
      await evidence?.keep(containerId, agentId, operationId, what);
    },
    async close() {
      sweeping.close();
      await Promise.all([expiry.close(), syncer.flush()]);
      liveness.close();
    },
  };
}
