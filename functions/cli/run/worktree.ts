import { realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { RunHost } from '../../server/run-host.js';
import { sentenceOf } from './refusal.js';

/** A worktree that is not made yet. */
export interface PlannedWorktree {
  readonly repository: string;
  readonly worktreePath: string;
  /** Why a kill will leave it in its place, as the end of a sentence about the agent. */
  readonly weakness?: string;
  make(): Promise<void>;
}

export interface WorktreeOptions {
  readonly agentId: string;
  /** `true`: below the first allowed root. */
  readonly place: string | true;
  readonly roots: readonly string[];
  readonly cwd: string;
}

/** The same directory without links, as far as it is there. */
function real(path: string): string {
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch {
    return path;
  }
}

/** A branch's name has fewer letters than an ID (git-check-ref-format(1)). */
export const branchOf = (agentId: string): string =>
  `killswitch/${agentId.replaceAll(/[^A-Za-z0-9_-]+/g, '-')}`;

/**
 * Where the worktree of an agent is to be, and of which repository: the one around the current directory.
 * @throws Error that says what to do
 */
export async function planWorktree(
  { agentId, place, roots, cwd }: WorktreeOptions,
  { openRepository }: Pick<RunHost, 'openRepository'>,
): Promise<PlannedWorktree> {
  const found = await openRepository(cwd).catch((cause: unknown) => {
    throw new Error(`git cannot be asked for the repository: ${sentenceOf(cause)}`, { cause });
  });
  if (found === undefined)
    throw new Error(`${cwd} is in no git repository: go to one, or leave out --worktree`);
  const [root] = roots;
  if (place === true && root === undefined)
    throw new Error(
      'KILLSWITCH_WORKTREE_ROOTS names no directory for worktrees: set it, or say where with --worktree <path>',
    );
  const worktreePath = real(place === true ? join(root ?? '', agentId) : resolve(cwd, place));
  const isAllowed = roots.some(one => worktreePath.startsWith(`${real(one)}/`));
  return {
    repository: found.repository,
    worktreePath,
    ...(!isAllowed && {
      weakness: `has its worktree outside of KILLSWITCH_WORKTREE_ROOTS: a kill leaves it where it is`,
    }),
    async make() {
      try {
        await found.addWorktree(worktreePath, branchOf(agentId));
      } catch (cause) {
        throw new Error(`git could not make the worktree ${worktreePath}: ${sentenceOf(cause)}`, { cause });
      }
    },
  };
}
