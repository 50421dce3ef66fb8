import { type Anchor, type Directory, isThere, walk } from '../directory.js';
import { readSmall } from '../files.js';
import { type Head, readHead } from '../head.js';
import { ADMIN } from '../keep.js';
import { componentsOf } from '../place.js';
import { enterOwn, REPOSITORY_QUARANTINE } from '../quarantine.js';
import { openGitDirectory } from '../repository.js';
import { isGone } from '../verdict.js';
import { type Found, openEntry } from './find.js';

/** What is left of a worktree, opened. */
export interface Opened {
  readonly entry: Directory;
  readonly worktree?: Directory;
  /** Its git data; or why there is none to go by. */
  readonly git: GitData | { readonly why: string };
}

export interface GitData {
  /** The repository's git directory, which others may write, and its objects. */
  readonly directory: Directory;
  readonly objects: Directory;
  /** What was `<git directory>/worktrees/<name>`. */
  readonly admin: Directory;
  /** What was checked out; without a commit: nothing yet. */
  readonly head: Head;
  /** Length of the names of its objects. */
  readonly digits: number;
}

/** Beside the worktree, or in its repository when that lies on another filesystem. */
function openAdmin(anchor: Anchor, entry: Directory, { manifest, name }: Found): Directory | undefined {
  if (isThere(entry, ADMIN)) return anchor.enter(entry, ADMIN);
  const names = componentsOf(manifest?.repositoryEntry ?? '') ?? [];
  if (names.at(-1) !== name || names.at(-2) !== REPOSITORY_QUARANTINE) return undefined;
  try {
    const parent = walk(anchor, anchor.open('/'), names.slice(0, -2));
    return anchor.enter(enterOwn(anchor, enterOwn(anchor, parent, REPOSITORY_QUARANTINE), name), ADMIN);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** Of a repository without a commit the configuration may tell, which need not be right. */
function digitsOf(directory: Directory, { commit }: Head): number {
  const isLong = /^[ \t]*objectformat[ \t]*=[ \t]*sha256[ \t\r]*$/im.test(
    readSmall(directory, 'config') ?? '',
  );
  return commit?.length ?? (isLong ? 64 : 40);
}

function openGit(anchor: Anchor, entry: Directory, found: Found): Opened['git'] {
  const admin = openAdmin(anchor, entry, found);
  if (admin === undefined || found.manifest === undefined) return { why: 'no git data of it is here' };
  const { repository, branch, commit } = found.manifest;
  const git = openGitDirectory(anchor, repository);
  if ('left' in git) return { why: git.left };
  const { directory } = git;
  try {
    const objects = anchor.enter(directory, 'objects');
    const head =
      commit === undefined ? readHead(anchor, directory, admin) : { commit, ...(branch && { branch }) };
    if (head.commit === undefined && head.branch === undefined)
      return { why: 'it is unknown what was checked out' };
    return { directory, objects, admin, head, digits: digitsOf(directory, head) };
  } catch (error) {
    if (isGone(error)) return { why: 'the repository has no objects' };
    throw error;
  }
}

/** @throws Verdict, or a system error */
export function openFound(anchor: Anchor, found: Found): Opened {
  const entry = openEntry(anchor, found);
  const git = openGit(anchor, entry, found);
  return { entry, git, ...(isThere(entry, 'worktree') && { worktree: anchor.enter(entry, 'worktree') }) };
}
