import type { OutcomeName } from '../../domain/outcome.js';
import type { Kernel } from '../../ports/kernel.js';
import type { Log } from '../../ports/runtime.js';
import type { KillOptions, Target } from '../../ports/sandbox.js';
import type { Owner, OwnerCheck } from './check-owner.js';
import { toContainerId } from './container-id.js';
import type { Engine, Found } from './engine.js';
import type { EnginePath } from './engine-path.js';
import type { IndexCgroup } from './index-cgroup.js';
import { createKernelKill } from './kernel-kill-batch.js';
import { createKernelPath, type KernelPath } from './kernel-path.js';
import type { KillPriority } from './kills-first.js';
import type { ContainerMap } from './map.js';
import type { Seen } from './seen.js';
import { until } from './until.js';
import { waitAtMost } from './wait-at-most.js';

export interface KillerOptions {
  readonly engine: Engine;
  readonly enginePath: EnginePath;
  readonly kernel: Kernel;
  readonly map: ContainerMap;
  /** Whether the map holds all that carries the label. */
  readonly isLive: () => boolean;
  readonly indexCgroup: IndexCgroup;
  readonly checkOwner: OwnerCheck;
  /** What an earlier process knew is in the map. Does not reject. */
  readonly remembered: Promise<void>;
  /** Holds back removals, which would take the processor away from what is being killed. */
  readonly first: KillPriority['first'];
  /** Milliseconds that the engine has for a kill. */
  readonly killMs: number;
  readonly log: Log;
}

/** Sends SIGKILL before the tick ends. Does not reject. */
export type Killer = (target: Target, options: KillOptions) => Promise<Seen>;

const DEAD: Seen = { outcome: 'dead' };
const UNSEEN: Seen = { outcome: 'pending', detail: 'the container was not seen to stop yet' };
const STRAYS: Seen = { outcome: 'pending', detail: 'what left the cgroup of the container still runs' };
/** Outcomes after which nothing of the container may run. */
const DOWN: ReadonlySet<OutcomeName> = new Set(['dead', 'removed', 'alreadyGone']);
const UNCHECKED = 'found by its ID alone: the engine does not answer, so that its label could not be checked';
const ELSEWHERE: Seen = {
  outcome: 'blind',
  detail: 'the engine knows no such container, but a cgroup of its ID has processes here',
};
/** Outcomes that say nothing about the container: the engine did not answer. */
const NO_ANSWER: ReadonlySet<OutcomeName> = new Set(['failed', 'pending', 'blind', 'skipped']);
/** Milliseconds that the kernel has before the engine is asked to kill, which has many others to kill at that time. */
const HEAD_START = 500;
/** Milliseconds for finding a container's cgroup before the engine is asked to kill it. */
const INDEXING = 250;

/**
 * Kills through the kernel and through the engine. "Dead" is whichever sees it first: the kernel, as long as the map is
 * known to hold all of the agent's containers; otherwise the engine. If the engine does not answer, the map decides
 * what is the agent's, and the kernel what is dead.
 */
export function createKiller(options: KillerOptions): Killer {
  const { engine, enginePath, kernel, map, isLive, indexCgroup, checkOwner, remembered, first, killMs, log } =
    options;
  const killInKernel = createKernelKill(kernel, log);
  const isReached = async (id: Found['id']): Promise<boolean> => (await killInKernel([id])).has(id);

  /** Kills through the kernel what the engine found, which the kernel may not know yet. */
  const killFound = async (found: Found): Promise<void> => {
    const container = map.meet(found);
    if (container === undefined || (await isReached(found.id)) || container.restarts !== undefined) return;
    const indexing = indexCgroup(container).then(() => isReached(found.id));
    await waitAtMost(indexing, INDEXING);
  };

  /** A restart policy acts 100 ms after the end at the earliest; the engine's kill tells it not to. */
  const preventRestarts = (path: KernelPath): void => {
    // A failure shows in the removal, or as a new start.
    for (const { id } of path.reviving()) engine.kill(id, 'SIGKILL', killMs).catch(() => undefined);
  };

  /** Finds the cgroups of what is known to be the agent's, and kills it unless it has grace. */
  const killWithoutEngine = async (path: KernelPath, target: Target, graceMs: number): Promise<Owner> => {
    await remembered;
    const owner = await checkOwner(target);
    if (owner.kind === 'own') path.claim(owner.id);
    await path.find();
    if (graceMs === 0) await path.kill();
    return owner;
  };

  /** Decides the outcome where the engine did not answer. */
  const judgeWithoutEngine = async (
    path: KernelPath,
    owner: Owner,
    seen: Seen,
    signal: AbortSignal,
  ): Promise<Seen> => {
    const isUnchecked = owner.kind === 'unchecked';
    if (isUnchecked) path.claim(owner.id);
    await path.find();
    await path.kill();
    if (owner.kind === 'refused') return { outcome: 'refused', detail: owner.detail };
    if (!path.isWithinReach()) return seen;
    if (!(await until(path.isDeadAsFarAsKnown, { withinMs: killMs, signal }))) {
      return seen.outcome === 'blind' && path.isKilled() ? UNSEEN : seen;
    }
    return isUnchecked ? { ...DEAD, detail: UNCHECKED } : DEAD;
  };

  /** A container that the engine does not know is not gone as long as its cgroup has processes. */
  const unlessKernelSees = async ({ id: recorded = '' }: Target, seen: Seen): Promise<Seen> => {
    const id = toContainerId(recorded);
    if (seen.outcome !== 'alreadyGone' || id === undefined) return seen;
    await kernel.find([id]);
    return kernel.look(id) === 'populated' ? ELSEWHERE : seen;
  };

  const see = async (path: KernelPath, target: Target, { graceMs, deadline }: KillOptions): Promise<Seen> => {
    // Together with all that are asked for in the same tick.
    if (graceMs === 0) await path.kill();
    preventRestarts(path);
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, deadline]);
    const isSeen = (): boolean => isLive() && path.isDead();
    let begin = (): void => undefined;
    const begun = new Promise<void>(resolve => {
      begin = resolve;
    });
    const endGrace = (): void => {
      if (graceMs > 0) void path.kill();
      if (path.covers()) begin();
    };
    const grace = graceMs > 0 ? setTimeout(endGrace, graceMs) : undefined;
    try {
      const isFast = isLive() && path.isKilled();
      if (isFast && (await first(until(isSeen, { withinMs: HEAD_START, signal })))) return DEAD;
      const withoutEngine = killWithoutEngine(path, target, graceMs);
      const byEngine = enginePath.kill(target, {
        graceMs,
        killMs,
        beforeKill: async found => {
          await killFound(found);
          begin();
        },
      });
      if (graceMs === 0) endGrace();
      const byKernel = begun.then(() => until(isSeen, { withinMs: Number.POSITIVE_INFINITY, signal }));
      const seen = await Promise.race([byEngine, byKernel.then(isDead => (isDead ? DEAD : byEngine))]);
      if (!NO_ANSWER.has(seen.outcome)) return unlessKernelSees(target, seen);
      return await judgeWithoutEngine(path, await withoutEngine, seen, signal);
    } finally {
      clearTimeout(grace);
      over.abort();
    }
  };

  return async (target, bounds) => {
    const path = createKernelPath({ kernel, map, killInKernel }, target);
    const seen = await see(path, target, bounds);
    if (!DOWN.has(seen.outcome)) return seen;
    const suspects = path.unconfined();
    const left = suspects.length > 0 ? await kernel.sweep(suspects) : [];
    return left.length > 0 ? STRAYS : seen;
  };
}
