import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Directory } from '../directory.js';
import { takeIndex } from './admin-index.js';
import { parts } from './changes.js';
import type { TrustedGit } from './git.js';

const SUBMODULE = '160000';

/** Whether everything that an index names is there: what was staged alone goes with the next `git gc`. */
async function isWhole(git: TrustedGit, index: string): Promise<boolean> {
  const { output } = await git.run(['ls-files', '--stage', '-z'], { index });
  const ids = new Set<string>();
  for (const line of parts(output)) {
    const [mode, id] = line.toString('latin1').split(' ', 2);
    if (mode !== SUBMODULE && id) ids.add(id);
  }
  const input = Buffer.from([...ids].map(id => `${id}\n`).join(''));
  const checked = await git.run(['cat-file', '--batch-check=%(objecttype)'], { input });
  return !checked.output.includes(' missing\n');
}

/**
 * Makes the index of a restored worktree in the git directory: the agent's, without what hangs on other files or
 * starts programs (its shared part, its fsmonitor); or, where that is not whole, one that has nothing staged.
 * @returns whether what was staged still is
 */
export async function makeIndex(git: TrustedGit, admin: Directory, base: string): Promise<boolean> {
  const index = takeIndex(admin, git.directory, 'agent-index');
  const own = join(git.directory, 'index');
  if (index !== undefined) {
    try {
      const plain = ['--no-split-index', '--no-untracked-cache', '--no-fsmonitor', '--force-write-index'];
      await git.run(['update-index', ...plain], { index });
      if (await isWhole(git, index)) {
        copyFileSync(index, own);
        return true;
      }
    } catch {
      // Not one that git can read.
    }
  }
  rmSync(own, { force: true });
  await git.run(['read-tree', base]);
  return false;
}
