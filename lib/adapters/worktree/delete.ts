import type { Log } from '../../ports/runtime.js';
import { anchored, type Directory, isThere, pathOf, walk } from './directory.js';
import { type Manifest, readManifest, removeManifest, writeManifest } from './manifest.js';
import { componentsOf } from './place.js';
import { dropEmpty, enterOwn, QUARANTINE, REPOSITORY_QUARANTINE } from './quarantine.js';
import { dropRef, keptRef } from './refs.js';
import type { Holder } from './registry.js';
import { openGitDirectory } from './repository.js';
import type { Remover } from './run-rm.js';
import type { Sight } from './sight.js';
import { isGone } from './verdict.js';

export interface Sweeping extends Sight {
  readonly remover: Remover;
  readonly log: Log;
  readonly ttlMs: number;
  /** What could not be deleted the last time, by path, and what rm(1) said to it. It is tried again with each sweep. */
  readonly undeleted: Map<string, string>;
  /** Whether the kill that an entry is of is confirmed: until then it may be needed. */
  mayDelete(name: string): Promise<boolean>;
  now(): number;
  isClosed(): boolean;
  /** Ends a deletion that is under way, and begins none any more. */
  close(): void;
}

/** An emptied entry stays so long, that a late retry of its operation does not take the path's next worktree. */
const MEMORY_MS = 24 * 60 * 60 * 1000;

/** What an entry may hold, its manifest aside. */
export const KEPT = ['worktree', 'admin', 'evidence'] as const;

/** Deletes what an entry holds. @returns whether nothing is left of it */
async function empty(sweeping: Sweeping, entry: Directory, parent: Directory, names: readonly string[]) {
  if (sweeping.isMounted(entry, parent)) {
    sweeping.log.warn({ entry: entry.path }, 'quarantine entry holds a mount point: not deleted');
    return false;
  }
  const { pids = [] } = (await sweeping.occupancy(0))(entry) ?? {};
  if (pids.length > 0) {
    sweeping.log.warn({ entry: entry.path, pids }, 'processes work in a quarantine entry: not deleted');
    return false;
  }
  const why = await sweeping.remover.remove(entry, names);
  const left = names.filter(name => isThere(entry, name));
  if (left.length === 0) sweeping.undeleted.delete(entry.path);
  else if (!sweeping.isClosed()) {
    sweeping.undeleted.set(entry.path, why ?? 'rm said nothing');
    sweeping.log.warn({ entry: entry.path, left, why }, 'quarantine entry not wholly deleted');
  }
  return left.length === 0;
}

/** The administrative directory that lies on another filesystem, in its repository. */
async function emptyInRepository(sweeping: Sweeping, path: string, name: string): Promise<boolean> {
  const names = componentsOf(path) ?? [];
  if (names.at(-1) !== name || names.at(-2) !== REPOSITORY_QUARANTINE) return true;
  if (!(await sweeping.liveness.answers(path))) return false;
  const anchor = sweeping.openAnchor();
  try {
    const parent = walk(anchor, anchor.open('/'), names.slice(0, -2));
    const quarantine = enterOwn(anchor, parent, REPOSITORY_QUARANTINE);
    const entry = enterOwn(anchor, quarantine, name);
    if (!(await empty(sweeping, entry, quarantine, ['admin']))) return false;
    dropEmpty({ parent, quarantine: REPOSITORY_QUARANTINE, entry: name });
    return true;
  } catch (error) {
    if (isGone(error)) return true;
    throw error;
  } finally {
    anchor.release();
  }
}

/** Without a manifest of ours the last change of the entry itself counts: that time cannot be set. */
function isDue({ now, ttlMs }: Sweeping, entry: Directory, manifest: Manifest | undefined): boolean {
  const due = manifest ? Date.parse(manifest.expiresAt) : Number(entry.stat.ctimeMs) + ttlMs;
  return due <= now();
}

/** The ref that kept the worktree's commit goes with it. @returns whether that is done with */
async function forgetCommit(
  { openAnchor, liveness, log }: Sweeping,
  entry: Directory,
  manifest: Manifest,
): Promise<boolean> {
  const { agentId, operationId, repository, ref, ...rest } = manifest;
  if (ref === undefined) return true;
  if (repository !== undefined && !(await liveness.answers(repository))) return false;
  try {
    anchored(openAnchor, anchor => {
      const git = openGitDirectory(anchor, repository);
      if ('directory' in git) dropRef(anchor, git.directory, keptRef(agentId, operationId));
    });
    const kept = repository === undefined ? {} : { repository };
    writeManifest(entry, { agentId, operationId, ...kept, ...rest });
    return true;
  } catch (err) {
    log.warn({ entry: entry.path, err }, 'the ref of a deleted worktree was left in its repository');
    return false;
  }
}

export interface EntryAt {
  readonly root: string;
  readonly holder: Holder;
  readonly name: string;
}

interface SweepOptions {
  /** Also before its time is over. */
  readonly early?: boolean;
  /** Also while its kill is not confirmed: the caller asks for that. */
  readonly anyway?: boolean;
}

/**
 * Deletes one entry if its time is over, and its kill confirmed.
 * @returns whether it was deleted now
 */
export async function sweepEntry(
  sweeping: Sweeping,
  { root, holder, name }: EntryAt,
  { early = false, anyway = false }: SweepOptions = {},
): Promise<boolean> {
  if (!(await sweeping.liveness.answers(pathOf(root, holder)))) return false;
  const anchor = sweeping.openAnchor();
  try {
    const parent = walk(anchor, anchor.open(root), holder);
    const quarantine = enterOwn(anchor, parent, QUARANTINE);
    const entry = enterOwn(anchor, quarantine, name);
    const manifest = readManifest(entry);
    if (!early && !isDue(sweeping, entry, manifest)) return false;
    const kept = KEPT.filter(each => isThere(entry, each));
    if (kept.length > 0 && !anyway && !(await sweeping.mayDelete(name))) return false;
    if (kept.length > 0 && !(await empty(sweeping, entry, quarantine, kept))) return false;
    const elsewhere = manifest?.repositoryEntry;
    if (elsewhere !== undefined && !(await emptyInRepository(sweeping, elsewhere, name))) return false;
    const isForgotten = !manifest || (await forgetCommit(sweeping, entry, manifest));
    if (isForgotten && (!manifest || Date.parse(manifest.clearedAt) + MEMORY_MS <= sweeping.now())) {
      removeManifest(entry);
      dropEmpty({ parent, quarantine: QUARANTINE, entry: name });
    }
    return kept.length > 0;
  } finally {
    anchor.release();
  }
}
