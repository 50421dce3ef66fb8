import type { Admin } from './admin.js';
import { type Anchor, type Directory, isThere } from './directory.js';
import { findEntry, makeEntry, move, REPOSITORY_QUARANTINE } from './quarantine.js';
import type { GitDirectory } from './repository.js';
import { errno, isForbidden, isGone, Verdict } from './verdict.js';

interface Keeping {
  /** The quarantine entry of the worktree. */
  readonly entry: Directory;
  readonly entryName: string;
  readonly git: GitDirectory;
  readonly admin: Admin | undefined;
}

interface Kept {
  readonly adminName?: string;
  readonly repositoryEntry?: string;
  /** Why the administrative directory was left where it is. */
  readonly left?: string;
}

/** Its name in an entry. */
export const ADMIN = 'admin';

/** Beside the repository's own worktrees, because a rename cannot leave the filesystem. */
function keepInRepository(anchor: Anchor, git: Directory, entryName: string, admin: Admin): Kept {
  const entry = makeEntry(anchor, { parent: git, quarantine: REPOSITORY_QUARANTINE, entry: entryName });
  move({ from: admin.worktrees, name: admin.name, examined: admin.directory, into: entry, as: ADMIN });
  return { adminName: admin.name, repositoryEntry: entry.path };
}

/**
 * Moves the administrative directory into the quarantine, so that git forgets the worktree and its branch is free.
 * What an earlier run moved stays; what may not be moved is left.
 */
export function keepAdmin(anchor: Anchor, { entry, entryName, git, admin }: Keeping): Kept {
  if (isThere(entry, ADMIN)) return {};
  if ('left' in git) return { left: git.left };
  try {
    const place = { parent: git.directory, quarantine: REPOSITORY_QUARANTINE, entry: entryName };
    const earlier = admin === undefined ? findEntry(anchor, place) : undefined;
    if (earlier !== undefined && isThere(earlier, ADMIN)) return { repositoryEntry: earlier.path };
    if (admin === undefined) return { left: 'no entry of the repository fits this worktree' };
    try {
      move({ from: admin.worktrees, name: admin.name, examined: admin.directory, into: entry, as: ADMIN });
      return { adminName: admin.name };
    } catch (error) {
      if (errno(error) !== 'EXDEV') throw error;
      return keepInRepository(anchor, git.directory, entryName, admin);
    }
  } catch (error) {
    if (isGone(error)) return {};
    if (isForbidden(error)) return { left: 'it may not be moved' };
    if (error instanceof Verdict) return { left: error.message };
    throw error;
  }
}
