import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { simpleGit } from 'simple-git';

/** A file that was never committed, which a careless clean-up would lose. */
export const UNSAVED = 'unsaved.txt';

export interface DemoRepository {
  readonly path: string;
  /** Where the worktrees live. */
  readonly worktrees: string;
  /** Adds a worktree on a branch of its own, with unsaved work in it. @returns its path */
  add(name: string): Promise<string>;
  /** The worktrees that git lists, without the main one. */
  list(): Promise<readonly string[]>;
}

/** Only the repository's own configuration, so that no hook of the user runs. */
const SETTINGS = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', LC_ALL: 'C' };

export async function makeRepository(directory: string, path: string | undefined): Promise<DemoRepository> {
  const [repository, worktrees] = [join(directory, 'repository'), join(directory, 'worktrees')];
  await mkdir(repository);
  await mkdir(worktrees);
  const git = simpleGit({
    baseDir: repository,
    allowEnvironment: Object.keys(SETTINGS),
    unsafe: { allowUnsafeConfigPaths: true },
  }).env({ ...SETTINGS, ...(path !== undefined && { PATH: path }) });
  await git.init(['--initial-branch=main']).catch((cause: unknown) => {
    throw new Error('The demo needs git 2.28 or later: "git init" failed.', { cause });
  });
  await git.addConfig('user.name', 'Demo');
  await git.addConfig('user.email', 'demo@example.org');
  await git.raw('commit', '--allow-empty', '--message=First');
  return {
    path: repository,
    worktrees,
    async add(name) {
      const worktree = join(worktrees, name);
      await git.raw('worktree', 'add', '-b', name, worktree);
      await writeFile(join(worktree, UNSAVED), `What ${name} had not committed yet.\n`);
      return worktree;
    },
    async list() {
      const listed = await git.raw('worktree', 'list', '--porcelain');
      return [...listed.matchAll(/^worktree (.+)$/gm)]
        .map(([, found]) => found as string)
        .filter(found => found !== repository);
    },
  };
}
