import type { Log } from '../../ports.js';
import { type Anchor, type Directory, isThere, walk } from './directory.js';
import type { Answers } from './liveness.js';
import { type Manifest, readManifest, removeManifest } from './manifest.js';
import type { IsMounted } from './mounts.js';
import { componentsOf } from './place.js';
import { dropEmpty, enterOwn, QUARANTINE, REPOSITORY_QUARANTINE } from './quarantine.js';
import type { Holder } from './registry.js';
import type { Remover } from './remover.js';
import { isGone } from './verdict.js';

export interface Sweeping {
  readonly openAnchor: () => Anchor;
  readonly isMounted: IsMounted;
  readonly answers: Answers;
  readonly remover: Remover;
  readonly log: Log;
  readonly ttlMs: number;
  now(): number;
  isClosed(): boolean;
}

/** An emptied entry stays so long, that a late retry of its operation does not take the path's next worktree. */
const MEMORY_MS = 24 * 60 * 60 * 1000;

/** Deletes what an entry holds. @returns whether nothing is left of it */
async function empty(sweeping: Sweeping, entry: Directory, parent: Directory, names: readonly string[]) {
  if (sweeping.isMounted(entry, parent)) {
    sweeping.log.warn({ entry: entry.path }, 'quarantine entry holds a mount point: not deleted');
    return false;
  }
  await sweeping.remover.remove(entry, names);
  const left = names.filter(name => isThere(entry, name));
  if (left.length > 0 && !sweeping.isClosed())
    sweeping.log.warn({ entry: entry.path, left }, 'quarantine entry not wholly deleted');
  return left.length === 0;
}

/** The administrative directory that lies on another filesystem, in its repository. */
async function emptyInRepository(sweeping: Sweeping, path: string, name: string): Promise<boolean> {
  const names = componentsOf(path) ?? [];
  if (names.at(-1) !== name || names.at(-2) !== REPOSITORY_QUARANTINE) return true;
  if (!(await sweeping.answers(path))) return false;
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

/**
 * Deletes one entry if its time is over.
 * @returns whether it was deleted now
 */
export async function sweepEntry(
  sweeping: Sweeping,
  root: string,
  holder: Holder,
  name: string,
): Promise<boolean> {
  const anchor = sweeping.openAnchor();
  try {
    const parent = walk(anchor, anchor.open(root), holder);
    const quarantine = enterOwn(anchor, parent, QUARANTINE);
    const entry = enterOwn(anchor, quarantine, name);
    const manifest = readManifest(entry);
    if (!isDue(sweeping, entry, manifest)) return false;
    const kept = ['worktree', 'admin'].filter(each => isThere(entry, each));
    if (kept.length > 0 && !(await empty(sweeping, entry, quarantine, kept))) return false;
    const elsewhere = manifest?.repositoryEntry;
    if (elsewhere !== undefined && !(await emptyInRepository(sweeping, elsewhere, name))) return false;
    if (!manifest || Date.parse(manifest.clearedAt) + MEMORY_MS <= sweeping.now()) {
      removeManifest(entry);
      dropEmpty({ parent, quarantine: QUARANTINE, entry: name });
    }
    return kept.length > 0;
  } finally {
    anchor.release();
  }
}
