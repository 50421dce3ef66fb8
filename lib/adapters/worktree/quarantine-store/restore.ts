import { join } from 'node:path';
import type { Restored } from '../../../ports/quarantine.js';
import { type Anchor, isThere } from '../directory.js';
import { isReftable } from '../refs.js';
import type { Remover } from '../run-rm.js';
import { Verdict } from '../verdict.js';
import { choose } from './branch.js';
import { type Copied, copyTree } from './copy.js';
import { type Destination, handOver, makeDestination } from './destination.js';
import type { Found } from './find.js';
import { openTrustedGit } from './git.js';
import { makeIndex } from './index-of.js';
import { makeAdmin } from './new-admin.js';
import type { GitData, Opened } from './open.js';
import { verifyRestored } from './verify.js';

/** What git keeps of a merge or the like that is not finished; some of it are commands that git would run. */
const UNFINISHED = [
  'MERGE_HEAD',
  'CHERRY_PICK_HEAD',
  'REVERT_HEAD',
  'rebase-merge',
  'rebase-apply',
  'BISECT_LOG',
];

interface Run {
  readonly anchor: Anchor;
  readonly found: Found;
  readonly opened: Opened;
  readonly remover: Remover;
  /** Where to look for git. */
  readonly path: string;
}

/** Why nothing but files can be restored. */
async function obstacle(
  { git }: Opened,
  trusted: ReturnType<typeof openTrustedGit>,
): Promise<string | undefined> {
  if ('why' in git) return git.why;
  if (isReftable(git.directory)) return 'the repository keeps its refs in a reftable';
  const { commit } = git.head;
  if (commit === undefined) return undefined;
  return trusted.run(['cat-file', '-e', `${commit}^{tree}`]).then(
    () => undefined,
    () => 'its commit is not in the repository any more',
  );
}

interface Attached {
  readonly checkout: NonNullable<Restored['checkout']>;
  /** What git says against it. */
  readonly doubt: string | undefined;
}

async function attach(run: Run, git: GitData, at: Destination): Promise<Attached | string> {
  const { anchor, found, opened, path } = run;
  const { directory, objects, admin, head, digits } = git;
  const like = opened.worktree ?? at.directory;
  const trusted = openTrustedGit({ objects, worktree: at.directory, digits, commit: head.commit, path });
  try {
    const why = await obstacle(opened, trusted);
    if (why !== undefined) return why;
    const staged = await makeIndex(trusted, admin, head.commit ?? '--empty');
    const { head: text, ...branch } = choose(anchor, directory, head, found.agentId);
    const index = join(trusted.directory, 'index');
    const place = { path: at.path, worktree: at.directory, basename: at.name };
    makeAdmin(anchor, { git: directory, ...place, head: text, index, like });
    const repository = found.manifest?.repository ?? directory.path;
    const { commit } = head;
    const expected = { git: directory, path: at.path, commit, branch: branch.branch, digits };
    const doubt = await verifyRestored(expected, { searchPath: path });
    return { checkout: { repository, ...(commit && { commit }), ...branch, staged }, doubt };
  } finally {
    trusted.close();
  }
}

function notesOn(copied: Copied, { git }: Opened, attached: Attached | string): string[] {
  const notes: string[] = [];
  if (typeof attached === 'string') notes.push(`only the files were restored: ${attached}`);
  else {
    notes.push(
      'the agent may have changed the configuration and the hooks of the repository: look at them first',
    );
    if (attached.doubt !== undefined) notes.push(attached.doubt);
    if (!attached.checkout.staged) notes.push('nothing is staged: what was is not whole any more');
  }
  if (copied.disarmed.length > 0)
    notes.push(
      'the .git of nested repositories was renamed to .git.quarantined, so that git does not obey it',
    );
  const unfinished = 'why' in git ? [] : UNFINISHED.filter(name => isThere(git.admin, name));
  if (unfinished.length > 0) notes.push(`not restored as it was not finished: ${unfinished.join(', ')}`);
  return notes;
}

/**
 * Restores a worktree at a new path: its files by copying them, its git data by writing them. The repository's
 * configuration and hooks, and whatever the agent left, are never asked. What went wrong leaves nothing at the path.
 * @throws Verdict, KillswitchError, or a system error
 */
export async function restore(run: Run, given: string): Promise<Restored> {
  const { anchor, opened, remover } = run;
  const { worktree, git } = opened;
  if (worktree === undefined) throw new Verdict('failed', 'the files of the worktree are not here');
  const at = makeDestination(anchor, given);
  try {
    const copied = copyTree(worktree, at.directory);
    const attached = 'why' in git ? git.why : await attach(run, git, at);
    handOver(at, worktree);
    const { files, leftOut } = copied;
    const made = typeof attached === 'object' ? { checkout: attached.checkout } : {};
    return { path: at.path, files, ...made, leftOut, notes: notesOn(copied, opened, attached) };
  } catch (error) {
    await remover.remove(at.parent, [at.name]);
    throw error;
  }
}
