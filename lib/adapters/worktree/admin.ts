import { posix } from 'node:path';
import type { Anchor, Directory } from './directory.js';
import { readSmall } from './files.js';
import { administrativeName, isPlausibleName } from './names.js';
import { isDisguised, isForbidden, isGone } from './verdict.js';

/** git's own notes on a linked worktree: `<git directory>/worktrees/<name>` (gitrepository-layout(5)). */
export interface Admin {
  readonly worktrees: Directory;
  readonly name: string;
  readonly directory: Directory;
  /** The worktree's own `.git` file names it too. */
  readonly mutual: boolean;
}

interface AdminQuery {
  /** The repository's git directory. */
  readonly git: Directory;
  /** Spellings of the worktree's path, the real one first. */
  readonly spellings: readonly string[];
  /** The directory that is or was the worktree. */
  readonly worktree: Directory | undefined;
  /** Whether nothing stands at a path that a stranger wrote. */
  isVacant(path: string): boolean;
}

/** How many counters without a directory end the search; never a listing: an agent can make it endless. */
const GAP = 100;
const MOST = 2_000;

const withoutNewlines = (text: string): string => text.replace(/(?<!\n)\n+$/, '');

function enterIfThere(anchor: Anchor, parent: Directory, name: string): Directory | undefined {
  try {
    return anchor.enter(parent, name);
  } catch (error) {
    if (isGone(error) || isDisguised(error) || isForbidden(error)) return undefined;
    throw error;
  }
}

/** The entry that the worktree's `.git` file names, if that is one of this repository's with a fitting name. */
function namedByWorktree({ git, spellings, worktree }: AdminQuery, basename: string): string | undefined {
  const text = worktree && readSmall(worktree, '.git');
  const target = text?.startsWith('gitdir: ') ? withoutNewlines(text.slice('gitdir: '.length)) : undefined;
  if (target === undefined) return undefined;
  const { dir, base } = posix.parse(posix.resolve(spellings[0] ?? '/', target));
  return dir === posix.join(git.path, 'worktrees') && isPlausibleName(base, basename) ? base : undefined;
}

/** The worktree that an entry claims, if it is what git writes; relative since 2.48 (worktree.useRelativePaths). */
function claimOf(directory: Directory): string | undefined {
  const text = withoutNewlines(readSmall(directory, 'gitdir') ?? '');
  const path = text.startsWith('/') ? text : posix.resolve(directory.path, text);
  return path.endsWith('/.git') ? path.slice(0, -'/.git'.length) : undefined;
}

function* counted(anchor: Anchor, worktrees: Directory, wanted: string): Generator<[string, Directory]> {
  for (let counter = 1, missed = 0; counter < MOST && missed < GAP; counter++, missed++) {
    const name = `${wanted}${counter}`;
    const directory = enterIfThere(anchor, worktrees, name);
    if (directory === undefined) continue;
    missed = 0;
    yield [name, directory];
  }
}

/**
 * Finds the entry of a worktree. Both its `gitdir` and its name must fit the worktree's path, so that no one can
 * pass off a neighbour's entry as ours by rewriting its `gitdir`. Where none fits, the entry that the worktree
 * names is taken, unless that one claims another path where something stands.
 */
export function findAdmin(anchor: Anchor, query: AdminQuery): Admin | undefined {
  const worktrees = enterIfThere(anchor, query.git, 'worktrees');
  if (worktrees === undefined) return undefined;
  const basename = posix.basename(query.spellings[0] ?? '/');
  const named = namedByWorktree(query, basename);
  const found = (name: string, directory: Directory): Admin => ({
    worktrees,
    name,
    directory,
    mutual: name === named,
  });
  const fits = (directory: Directory): boolean => query.spellings.includes(claimOf(directory) ?? '');
  const wanted = administrativeName(basename);
  for (const name of new Set([...(named === undefined ? [] : [named]), wanted])) {
    const directory = enterIfThere(anchor, worktrees, name);
    if (directory !== undefined && fits(directory)) return found(name, directory);
  }
  for (const [name, directory] of counted(anchor, worktrees, wanted)) {
    if (fits(directory)) return found(name, directory);
  }
  const directory = named === undefined ? undefined : enterIfThere(anchor, worktrees, named);
  if (named === undefined || directory === undefined) return undefined;
  const claim = claimOf(directory);
  return claim === undefined || query.isVacant(claim)
    ? { ...found(named, directory), mutual: false }
    : undefined;
}
