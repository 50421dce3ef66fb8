import { lstatSync } from 'node:fs';
import type { ChangeStatus, Changes } from '../../../ports/quarantine.js';
import type { Directory } from '../directory.js';
import { Verdict } from '../verdict.js';
import { takeIndex } from './admin-index.js';
import { openTrustedGit, type TrustedGit } from './git.js';
import type { Opened } from './open.js';

/** A trusted git directory whose index is what HEAD has, and what the worktree has otherwise. */
export interface Compared {
  readonly git: TrustedGit;
  /** What to compare with: a commit, or the empty tree. */
  readonly base: string;
  readonly tracked: readonly { readonly path: Buffer; readonly status: ChangeStatus }[];
  readonly untracked: readonly Buffer[];
  readonly ignored: number;
}

const STATUS: Readonly<Record<string, ChangeStatus>> = {
  A: 'added',
  M: 'modified',
  D: 'deleted',
  T: 'retyped',
};

/** Parts that NUL ends. */
export function parts(output: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let from = 0, to = output.indexOf(0); to >= 0; from = to + 1, to = output.indexOf(0, from)) {
    found.push(output.subarray(from, to));
  }
  return found;
}

export const joined = (paths: readonly Buffer[]): Buffer =>
  Buffer.concat(paths.flatMap(path => [path, Buffer.from([0])]));

export const pathIn = ({ access }: Directory, path: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${access}/`), path]);

const stats = (worktree: Directory, path: Buffer) => {
  try {
    return lstatSync(pathIn(worktree, path));
  } catch {
    return undefined;
  }
};

/** What a sparse checkout left out is no deletion. The agent's index is asked for nothing else: it could hide changes. */
async function markSparse(git: TrustedGit, admin: Directory, worktree: Directory): Promise<void> {
  const copy = takeIndex(admin, git.directory, 'agent-index');
  if (copy === undefined) return;
  const listed = await git.run(['ls-files', '-v', '-z'], { index: copy }).catch(() => undefined);
  const sparse = parts(listed?.output ?? Buffer.alloc(0))
    .filter(line => line[0] === 'S'.charCodeAt(0))
    .map(line => line.subarray(2))
    .filter(path => stats(worktree, path) === undefined);
  const input = joined(sparse);
  await git.run(['update-index', '-z', '--skip-worktree', '--stdin'], { input }).catch(() => undefined);
}

async function trackedIn(git: TrustedGit, base: string, worktree: Directory): Promise<Compared['tracked']> {
  const options = ['--no-renames', '--name-status', '-z', '--ignore-submodules=all'];
  const { output } = await git.run(['diff-index', ...options, base]);
  const found = parts(output);
  return found.flatMap((letter, at) => {
    const path = found[at + 1];
    if (at % 2 === 1 || path === undefined) return [];
    const stat = stats(worktree, path);
    const isSpecial = stat && !stat.isFile() && !stat.isSymbolicLink() && !stat.isDirectory();
    return [{ path, status: isSpecial ? 'special' : (STATUS[letter.toString('latin1')] ?? 'modified') }];
  });
}

/**
 * Compares the files of a worktree with its HEAD, by their content: an index of the agent's could claim that a file
 * is unchanged.
 * @throws Verdict
 */
export async function compare({ git, worktree }: Opened, path: string): Promise<Compared> {
  if ('why' in git) throw new Verdict('failed', `there is nothing to compare it with: ${git.why}`);
  if (worktree === undefined) throw new Verdict('failed', 'the files of the worktree are not here');
  const { objects, admin, head, digits } = git;
  const { commit } = head;
  const trusted = openTrustedGit({ objects, worktree, digits, commit, path });
  try {
    const nothing = await trusted.run(['hash-object', '-t', 'tree', '/dev/null']);
    const base = commit ?? nothing.output.toString().trim();
    await trusted.run(['read-tree', base]);
    await markSparse(trusted, admin, worktree);
    await trusted.run(['update-index', '-q', '--refresh'], { allow: [1] });
    const tracked = await trackedIn(trusted, base, worktree);
    const others = parts((await trusted.run(['ls-files', '--others', '-z'])).output);
    const shown = await trusted.run(['ls-files', '--others', '--exclude-standard', '-z']);
    const untracked = parts(shown.output);
    return { git: trusted, base, tracked, untracked, ignored: others.length - untracked.length };
  } catch (error) {
    trusted.close();
    throw error;
  }
}

export const toChanges = ({ tracked, untracked, ignored }: Compared): Changes => ({
  tracked: tracked.map(({ path, status }) => ({ path: path.toString(), status })),
  untracked: untracked.map(String),
  ignored,
});
