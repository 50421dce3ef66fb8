import type { LayerOutcome } from '../../domain/outcome.js';
import type { Log } from '../../ports/runtime.js';
import { type Admin, findAdmin } from './admin.js';
import { type Anchor, type Directory, isThere } from './directory.js';
import { guardOccupants, guardRepository, guardWorktree } from './guard.js';
import { readHead } from './head.js';
import { ADMIN, keepAdmin } from './keep.js';
import { type Manifest, readManifest, writeManifest } from './manifest.js';
import type { IsMounted } from './mounts.js';
import type { Occupants, OccupantsOf } from './occupants.js';
import { type Approach, approachParent, approachWorktree, isVacant } from './open-path.js';
import type { Place, Root } from './place.js';
import { dropEmpty, type EntryPlace, findEntry, makeEntry, move, QUARANTINE } from './quarantine.js';
import { isReftable, keepCommit, keptRef, REFTABLE } from './refs.js';
import { register } from './registry.js';
import { type GitDirectory, openGitDirectory } from './repository.js';
import { Verdict } from './verdict.js';

export interface Job {
  readonly place: Place;
  readonly roots: readonly Root[];
  /** Name of the quarantine entry. */
  readonly entry: string;
  readonly repository: string | undefined;
  /** Its path as recorded and, if that could be found, its real one. */
  readonly repositorySpellings: readonly string[];
  readonly manifest: Manifest;
  readonly isMounted: IsMounted;
  readonly occupantsOf: OccupantsOf;
  /** Whether the records were asked who else names the worktree. */
  readonly isUnclaimed: boolean;
  readonly log: Log;
}

export interface Cleared extends Pick<LayerOutcome, 'outcome' | 'detail' | 'quarantinePath'> {
  /** Path of the manifest that was written and is not on the disk yet. */
  readonly written?: string;
}

const WORKTREE = 'worktree';

/** One run: everything that its steps share. */
interface Run {
  readonly anchor: Anchor;
  readonly job: Job;
  readonly git: GitDirectory;
  readonly way: Approach;
  readonly at: EntryPlace;
}

const leftWords = (why: string): string => `its administrative directory was left: ${why}`;

/** What was not checked. On a system without proc(5) nothing ever is, which the documentation says once. */
function unseenWords({ unread }: Pick<Occupants, 'unread'> = { unread: 0 }): string | undefined {
  if (unread === 0) return undefined;
  const who = unread === 1 ? 'a process' : `${unread} processes`;
  return `whether ${who} that this user may not read worked in it was not seen`;
}

const withDetail = (cleared: Cleared, more: string | undefined): Cleared =>
  more === undefined ? cleared : { ...cleared, detail: [cleared.detail, more].filter(Boolean).join('; ') };

function adminOf({ anchor, job, git }: Run, worktree: Directory | undefined): Admin | undefined {
  if ('left' in git) return undefined;
  return findAdmin(anchor, {
    git: git.directory,
    spellings: job.place.spellings,
    worktree,
    isVacant: path => isVacant(anchor, path, job.roots),
  });
}

/** Notes the commit that was checked out, and keeps it reachable: before git is made to forget the worktree. */
function keepHead({ anchor, job, git }: Run, noted: Directory | undefined) {
  if (noted === undefined || 'left' in git) return {};
  const head = readHead(anchor, git.directory, noted);
  if (head.commit === undefined) return isReftable(git.directory) ? { ...head, unkept: REFTABLE } : head;
  const { agentId, operationId } = job.manifest;
  const ref = keptRef(agentId, operationId);
  const unkept = keepCommit(anchor, git.directory, ref, head.commit);
  return { ...head, ...(unkept === undefined ? { ref: ref.join('/') } : { unkept }) };
}

/** What follows once the worktree is in its entry, or gone; every step looks first what an earlier run did. */
function settle(run: Run, entry: Directory, admin: Admin | undefined): Omit<Cleared, 'outcome'> {
  const { anchor, job, git } = run;
  const head = keepHead(
    run,
    admin?.directory ?? (isThere(entry, ADMIN) ? anchor.enter(entry, ADMIN) : undefined),
  );
  const { left, ...kept } = keepAdmin(anchor, { entry, entryName: job.entry, git, admin });
  const isHere = isThere(entry, WORKTREE);
  const words = [
    ...(left === undefined ? [] : [leftWords(left)]),
    ...('unkept' in head ? [`its commit is not kept from being pruned: ${head.unkept}`] : []),
  ];
  const outcome = isHere ? 'removed' : 'alreadyGone';
  return {
    ...(isHere ? { quarantinePath: entry.path } : {}),
    ...(words.length === 0 ? {} : { detail: words.join('; ') }),
    written: writeManifest(entry, { ...job.manifest, ...head, ...kept, outcome }),
  };
}

/** Goes on after a crash. A worktree that stands at the path by now is another's. */
function resume(run: Run, entry: Directory): Cleared {
  const worktree = isThere(entry, WORKTREE) ? run.anchor.enter(entry, WORKTREE) : undefined;
  const admin = run.way.occupied ? undefined : adminOf(run, worktree);
  return { outcome: 'alreadyGone', ...settle(run, entry, admin) };
}

/** Makes the entry. That a quarantine cannot be listed means that it never expires, not that nothing is cleared. */
function openEntry({ anchor, job, way, at }: Run): Directory {
  if (!isThere(at.parent, QUARANTINE)) {
    try {
      register(way.root, way.holder);
    } catch (error) {
      job.log.warn({ parent: at.parent.path, err: error }, 'quarantine not listed: it will not expire');
    }
  }
  return makeEntry(anchor, at);
}

function clearGone(run: Run): Cleared {
  const admin = adminOf(run, undefined);
  if (admin !== undefined) {
    return { outcome: 'alreadyGone', ...settle(run, openEntry(run), admin) };
  }
  const isLeft = run.job.repository !== undefined && 'left' in run.git;
  return { outcome: 'alreadyGone', ...(isLeft ? { detail: leftWords(run.git.left) } : {}) };
}

function clearStanding(run: Run, worktree: Directory): Cleared | undefined {
  const { job, way, at } = run;
  const admin = adminOf(run, worktree);
  guardWorktree({ worktree, nested: way.nested, admin });
  if (job.isMounted(worktree, at.parent)) {
    throw new Verdict('failed', 'the worktree is a mount point or holds one: unmount it');
  }
  // A process that enters between this check and the rename is not moved back: by then something else may be at the
  // path. Nothing is lost, for the quarantine keeps the worktree whole and is never deleted under a process.
  const occupants = job.occupantsOf(worktree);
  guardOccupants(occupants);
  if (!job.isUnclaimed) return undefined;
  const entry = openEntry(run);
  try {
    const name = job.place.names.at(-1) ?? '';
    move({ from: at.parent, name, examined: worktree, into: entry, as: WORKTREE });
  } catch (error) {
    dropEmpty(at);
    throw error;
  }
  return withDetail({ outcome: 'removed', ...settle(run, entry, admin) }, unseenWords(occupants));
}

/**
 * Moves one worktree and its administrative directory into the quarantine, in one synchronous go of about a
 * millisecond; rerun after a crash at any step, it does what is missing.
 * @returns `undefined`: a worktree is there, and nothing was done because the claims of other agents were not checked yet
 * @throws Verdict, or a system error
 */
export function clear(anchor: Anchor, job: Job): Cleared | undefined {
  guardRepository(job.repositorySpellings, job.place);
  const way = approachParent(anchor, job.place);
  const at = { parent: way.parent, quarantine: QUARANTINE, entry: job.entry };
  const earlier = findEntry(anchor, at);
  if (earlier !== undefined && readManifest(earlier) !== undefined) {
    const here = isThere(earlier, WORKTREE) ? { quarantinePath: earlier.path } : {};
    return { outcome: 'alreadyGone', ...here };
  }
  const run: Run = { anchor, job, way, at, git: openGitDirectory(anchor, job.repository) };
  if (earlier !== undefined && (isThere(earlier, WORKTREE) || isThere(earlier, ADMIN))) {
    return resume(run, earlier);
  }
  const worktree = approachWorktree(anchor, way, job.place.names.at(-1) ?? '');
  return worktree === undefined ? clearGone(run) : clearStanding(run, worktree);
}
