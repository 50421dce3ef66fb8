import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Runs git with nobody's configuration but the repository's own, and returns what it printed. */
export async function git(directory: string, ...args: string[]): Promise<string> {
  const env = {
    PATH: process.env['PATH'],
    HOME: '/nonexistent',
    LC_ALL: 'C',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
  };
  const { stdout } = await run('git', ['-C', directory, ...args], { env });
  return stdout;
}

/** Makes a repository with one commit on `main`, and returns its path. */
export async function makeRepository(directory: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  await git(directory, 'init', '--quiet', '--initial-branch=main');
  await git(directory, 'config', 'user.name', 'Test');
  await git(directory, 'config', 'user.email', 'test@example.org');
  await writeFile(join(directory, 'README.md'), '# A repository\n');
  await git(directory, 'add', 'README.md');
  await git(directory, 'commit', '--quiet', '--message=First commit');
  return directory;
}

let lastAdded: Promise<unknown> = Promise.resolve();

/**
 * Adds a worktree on a new branch, and returns its path. One at a time: git that adds one fails over another that is
 * half made.
 */
export async function addWorktree(repository: string, path: string, branch: string): Promise<string> {
  const adding = lastAdded.then(() => git(repository, 'worktree', 'add', '--quiet', '-b', branch, path));
  lastAdded = adding.catch(() => undefined);
  await adding;
  return path;
}
