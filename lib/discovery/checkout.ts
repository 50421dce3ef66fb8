import type { HostFiles } from '../ports/host-files.js';
import { omitUndefined } from '../util/omit-undefined.js';

/** Where a directory is, as git sees it. */
export interface Checkout {
  readonly repository?: string;
  /** Its worktree, where that is not the repository itself. */
  readonly worktree?: string;
}

/**
 * Looks upwards from a directory for `.git`: a directory in the repository itself, and in a worktree a file that names
 * the repository's (gitrepository-layout(5)). Runs no git: the agent may have written its settings.
 */
export async function checkoutOf(files: HostFiles, directory: string): Promise<Checkout> {
  for (let at = directory; at.length > 1; at = at.slice(0, at.lastIndexOf('/'))) {
    const text = await files.text(`${at}/.git`);
    if (text !== undefined) {
      const repository = /^gitdir: (\/.+)\/\.git\/worktrees\/[^/\n]+\n?$/.exec(text)?.[1];
      return omitUndefined<Checkout>({ repository, worktree: repository === undefined ? undefined : at });
    }
    if ((await files.names(`${at}/.git`)).includes('HEAD')) return { repository: at };
  }
  return {};
}
