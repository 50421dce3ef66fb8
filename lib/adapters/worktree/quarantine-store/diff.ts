import type { Diff } from '../../../ports/quarantine.js';
import { compare, joined, toChanges } from './changes.js';
import type { Opened } from './open.js';

const LIMIT = 32 << 20;
const SLASH = '/'.charCodeAt(0);

/**
 * What a worktree has that its HEAD has not, untracked files included, as a patch.
 * @throws Verdict
 */
export async function diff(opened: Opened, path: string, whole: boolean): Promise<Diff> {
  const compared = await compare(opened, path);
  const { git, base, tracked, untracked } = compared;
  try {
    // git would open a FIFO, and wait.
    const special = tracked.filter(({ status }) => status === 'special').map(each => each.path);
    await git.run(['update-index', '-z', '--force-remove', '--stdin'], { input: joined(special) });
    // A directory with a repository of its own has no content to show.
    const files = untracked.filter(each => each.at(-1) !== SLASH);
    const fromStdin = ['--pathspec-from-file=-', '--pathspec-file-nul'];
    if (files.length > 0)
      await git.run(['add', '--force', '--intent-to-add', ...fromStdin], { input: joined(files) });
    const plain = ['--no-ext-diff', '--no-textconv', '--no-color', '--no-renames', '--ignore-submodules=all'];
    const form = whole ? ['--binary', '--full-index'] : [];
    const { output, truncated } = await git.run(['diff', ...plain, ...form, base], { limit: LIMIT });
    return { ...toChanges(compared), patch: output, truncated };
  } finally {
    git.close();
  }
}
