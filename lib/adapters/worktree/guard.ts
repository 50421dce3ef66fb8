import type { Admin } from './admin.js';
import { type Directory, look } from './directory.js';
import type { Occupants } from './occupants.js';
import { isWithin, type Place } from './place.js';
import { Verdict } from './verdict.js';

/** @throws Verdict `refused` if the worktree's path is the repository, its main worktree, or holds it */
export function guardRepository(repository: readonly string[], { spellings }: Place): void {
  if (repository.some(path => spellings.some(worktree => isWithin(path, worktree)))) {
    throw new Verdict('refused', 'the worktree path is the repository itself or contains it');
  }
}

interface Evidence {
  readonly worktree: Directory;
  readonly nested: boolean;
  readonly admin: Admin | undefined;
}

/**
 * Refuses a directory that nothing shows to be a linked worktree: a main worktree, or a directory that holds the
 * worktrees of others. A `.git` file shows it, except inside another tree, where submodules have one too. Without
 * that an entry of the recorded repository must vouch for it. The writer of the record may have made a repository
 * that vouches for a stranger's directory, hence the age: git makes the entry first and the worktree after it.
 */
export function guardWorktree({ worktree, nested, admin }: Evidence): void {
  const dotGit = look(worktree, '.git');
  if (dotGit?.isFile() && !nested) return;
  const admitted = admin !== undefined && (admin.mutual || isYounger(worktree, admin.directory));
  if (admitted) return;
  throw new Verdict(
    'refused',
    dotGit?.isDirectory()
      ? 'this is the main worktree of a repository'
      : 'nothing shows that this directory is a linked worktree',
  );
}

/** Times of birth cannot be set; without support of the filesystem they are 0. */
const isYounger = (directory: Directory, than: Directory): boolean =>
  than.stat.birthtimeNs > 0n && directory.stat.birthtimeNs >= than.stat.birthtimeNs;

/** A process works in the worktree; it may have ended since it was seen. */
export class Occupied extends Verdict {}

const NAMED = 3;

/**
 * Refuses a worktree that a process works in. Its own agent was seen dead before, so that every process there is
 * another's, this very process included.
 * @throws Verdict `refused`
 */
export function guardOccupants({ pids }: Pick<Occupants, 'pids'> = { pids: [] }): void {
  if (pids.length === 0) return;
  const named = [...pids.slice(0, NAMED), ...(pids.length > NAMED ? ['...'] : [])].join(', ');
  const who =
    pids.length === 1
      ? `a process works in it (PID ${named})`
      : `${pids.length} processes work in it (PIDs ${named})`;
  throw new Occupied('refused', `${who}: end what runs there or let it leave the directory`);
}
