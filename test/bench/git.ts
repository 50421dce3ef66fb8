import { git } from '../services/repositories.js';

const ATTEMPTS = 5;

/**
 * The command, as a person would type it: again where it failed, for git trips over an administrative folder that
 * another of its commands has just taken away.
 */
export async function removeWorktree(repository: string, path: string, attempts = ATTEMPTS): Promise<void> {
  try {
    await git(repository, 'worktree', 'remove', '--force', path);
  } catch (error) {
    if (attempts === 1) throw error;
    await removeWorktree(repository, path, attempts - 1);
  }
}
