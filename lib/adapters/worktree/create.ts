import { realpath } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';

export interface Repository {
  /** The working tree that has the git directory, or the git directory itself if it is bare; its real path. */
  readonly repository: string;
  /**
   * Makes a worktree with a new branch at the commit that is checked out. The hooks of the repository run, as they do
   * for its user.
   * @returns its real path. @throws Error with git's own words
   */
  addWorktree(path: string, branch: string): Promise<string>;
}

export interface GitEnvironment {
  readonly [name: string]: string | undefined;
}

/** What git needs of its user: where programs and settings are. Others may make it run something. */
const NEEDED = ['PATH', 'HOME', 'XDG_CONFIG_HOME', 'LANG'];

/** Git's own messages, without the name of the program. */
const sentenceOf = (error: unknown): string => {
  const text = error instanceof Error ? error.message : '';
  return /^fatal: (.*)$/m.exec(text)?.[1] ?? text.trim().split('\n').at(-1) ?? '';
};

/** The repository around a directory; undefined if there is none. @throws Error if git does not run, or refuses */
export async function openRepository(
  directory: string,
  environment: GitEnvironment,
): Promise<Repository | undefined> {
  // Loaded where a worktree is made, and only there.
  const { simpleGit } = await import('simple-git');
  const given = Object.entries(environment).filter(([name]) => NEEDED.includes(name));
  const git = simpleGit({ baseDir: directory }).env({ ...Object.fromEntries(given), LC_ALL: 'C' });
  const run = async (...args: string[]): Promise<string> => {
    try {
      return (await git.raw(...args)).trim();
    } catch (cause) {
      throw new Error(sentenceOf(cause), { cause });
    }
  };
  let common: string;
  try {
    common = await realpath(resolve(directory, await run('rev-parse', '--git-common-dir')));
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('not a git repository')) return undefined;
    throw error;
  }
  return {
    repository: basename(common) === '.git' ? dirname(common) : common,
    async addWorktree(path, branch) {
      await run('worktree', 'add', '--quiet', '-b', branch, path);
      return realpath(path);
    },
  };
}
