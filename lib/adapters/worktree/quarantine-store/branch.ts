import { opendirSync } from 'node:fs';
import type { Anchor, Directory } from '../directory.js';
import { readSmall } from '../files.js';
import { commitOfBranch, type Head } from '../head.js';
import { refPart, writeRef } from '../refs.js';

/** An agent can make a directory endless. */
const MOST = 10_000;
const MOST_NAMES = 100;

/** What a worktree's HEAD says; the main worktree's when it is the git directory's own. */
const headOf = (directory: Directory): string => readSmall(directory, 'HEAD')?.trim() ?? '';

/** Whether some worktree of the repository has the branch checked out. */
function isCheckedOut(anchor: Anchor, git: Directory, branch: string): boolean {
  const wanted = `ref: refs/heads/${branch}`;
  if (headOf(git) === wanted) return true;
  let worktrees: Directory;
  try {
    worktrees = anchor.enter(git, 'worktrees');
  } catch {
    return false;
  }
  const listing = opendirSync(worktrees.access);
  try {
    for (let count = 0; count < MOST; count++) {
      const found = listing.readSync();
      if (found === null) return false;
      const text = readSmall(worktrees, `${found.name}/HEAD`);
      if (text?.trim() === wanted) return true;
    }
    return true;
  } finally {
    listing.closeSync();
  }
}

export interface Chosen {
  /** The text of the new worktree's `HEAD`. */
  readonly head: string;
  readonly branch?: string;
  readonly insteadOf?: string;
}

/**
 * What a restored worktree has checked out: the agent's branch if it is free and still where the agent left it, and
 * otherwise a new one at the agent's commit. A detached HEAD stays detached.
 * @throws Verdict; system errors
 */
export function choose(anchor: Anchor, git: Directory, { branch, commit }: Head, agentId: string): Chosen {
  if (branch === undefined) return { head: `${commit}\n` };
  const isFree = !isCheckedOut(anchor, git, branch);
  if (isFree && commitOfBranch(anchor, git, branch) === commit)
    return { head: `ref: refs/heads/${branch}\n`, branch };
  const other = freeName(anchor, git, agentId);
  // Without a commit there is nothing that a branch could name yet.
  if (commit !== undefined) writeRef(anchor, git, ['refs', 'heads', ...other.split('/')], commit);
  return { head: `ref: refs/heads/${other}\n`, branch: other, insteadOf: branch };
}

function freeName(anchor: Anchor, git: Directory, agentId: string): string {
  const name = `killswitch/${refPart(agentId)}`;
  for (let count = 1; count < MOST_NAMES; count++) {
    const tried = count === 1 ? name : `${name}-${count}`;
    if (commitOfBranch(anchor, git, tried) === undefined && !isCheckedOut(anchor, git, tried)) return tried;
  }
  return `${name}-${Date.now()}`;
}
