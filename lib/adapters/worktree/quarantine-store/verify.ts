import { withTimeout } from '../../../util/with-timeout.js';
import type { Directory } from '../directory.js';

/** What git should know of a restored worktree. */
export interface Expected {
  /** The repository's git directory, which the agent may have written. */
  readonly git: Directory;
  /** Real path of the worktree. */
  readonly path: string;
  /** Of its HEAD; absent: nothing is committed yet. */
  readonly commit?: string | undefined;
  /** Absent for a detached HEAD. */
  readonly branch?: string | undefined;
  /** Length of the names of its objects. */
  readonly digits: number;
}

export interface GitOptions {
  /** Where to look for git. */
  readonly searchPath: string;
  /** Milliseconds that git may take. */
  readonly withinMs?: number;
}

/** Milliseconds in which git has to end after its time is over. */
const SPARE_MS = 1_000;

const ENVIRONMENT = {
  LC_ALL: 'C',
  // The directory that was opened, and no other that git would look for.
  GIT_DIR: '.',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_NO_LAZY_FETCH: '1',
  GIT_TERMINAL_PROMPT: '0',
} as const;

/** The repository's configuration is the agent's. `git worktree list` uses none of these; they are off all the same. */
const SETTINGS = ['core.fsmonitor=false', 'core.hooksPath=/dev/null', 'protocol.allow=never'];

/** simple-git takes such settings for an attack unless they are allowed by name. */
const ALLOWED = {
  allowUnsafeConfigPaths: true,
  allowUnsafeFsMonitor: true,
  allowUnsafeHooksPath: true,
  allowUnsafeProtocolOverride: true,
} as const;

async function listWorktrees(
  { access }: Directory,
  { searchPath, withinMs }: Required<GitOptions>,
): Promise<string> {
  // Loaded by a restore alone.
  const { simpleGit } = await import('simple-git');
  const git = simpleGit({
    baseDir: access,
    config: SETTINGS,
    timeout: { block: withinMs, stdErr: false, stdOut: false },
    allowEnvironment: Object.keys(ENVIRONMENT),
    unsafe: ALLOWED,
  });
  return git.env({ ...ENVIRONMENT, PATH: searchPath }).raw('worktree', 'list', '--porcelain');
}

/** As `git worktree list --porcelain` has it (git-worktree(1), "Porcelain format"). */
const entryOf = ({ path, commit, branch, digits }: Expected): string =>
  [
    `worktree ${path}`,
    `HEAD ${commit ?? '0'.repeat(digits)}`,
    branch === undefined ? 'detached' : `branch refs/heads/${branch}`,
    '',
  ].join('\n');

/**
 * Asks git itself whether it has a restored directory as a worktree of the repository, with what should be checked out.
 * `worktree list` starts no program, whatever the configuration says, and nothing that it prints is acted on.
 * @returns what is not as it should be, in words that may be shown
 */
export async function verifyRestored(
  expected: Expected,
  { searchPath, withinMs = 10_000 }: GitOptions,
): Promise<string | undefined> {
  try {
    const work = listWorktrees(expected.git, { searchPath, withinMs });
    const listed = await withTimeout(work, withinMs + SPARE_MS, () => undefined);
    if (listed === undefined) return 'git did not say in time whether it has it as a worktree';
    const isListed = `\n${listed}`.includes(`\n${entryOf(expected)}`);
    return isListed ? undefined : 'git does not list it as a worktree of the repository';
  } catch {
    return 'git could not list the worktrees of the repository';
  }
}
