import { type Anchor, type Directory, isThere, walk } from './directory.js';
import { locate, type Place, type Root } from './place.js';
import { isDisguised, isGone, Verdict } from './verdict.js';

export interface Approach {
  readonly root: Directory;
  /** The worktree's parent, or the deepest directory on the way to it that there is. */
  readonly parent: Directory;
  /** Its names below the root. */
  readonly holder: readonly string[];
  /** Whether anything stands at the worktree's path, were it a link. */
  readonly occupied: boolean;
  /** Some directory on the way, the root included, is itself a repository or a worktree. */
  readonly nested: boolean;
}

function openRoot(anchor: Anchor, root: string): Directory {
  try {
    return anchor.open(root);
  } catch (error) {
    if (!isGone(error)) throw error;
    throw new Verdict('failed', 'the allowed root of this worktree does not exist', { cause: error });
  }
}

function enterIfThere(anchor: Anchor, parent: Directory, name: string): Directory | undefined {
  try {
    return anchor.enter(parent, name);
  } catch (error) {
    if (isGone(error)) return undefined;
    if (!isDisguised(error)) throw error;
    throw new Verdict('refused', 'a component of the worktree path is a link or no directory', {
      cause: error,
    });
  }
}

/** Opens the way to a worktree, component by component. */
export function approachParent(anchor: Anchor, place: Place): Approach {
  const root = openRoot(anchor, place.root);
  const above = place.names.slice(0, -1);
  let parent = root;
  let nested = isThere(parent, '.git');
  for (const [depth, name] of above.entries()) {
    const next = enterIfThere(anchor, parent, name);
    if (next === undefined) return { root, parent, holder: above.slice(0, depth), occupied: false, nested };
    parent = next;
    nested ||= isThere(parent, '.git');
  }
  return { root, parent, holder: above, occupied: isThere(parent, place.names.at(-1) ?? ''), nested };
}

/** Opens the worktree itself; `undefined`: gone. */
export const approachWorktree = (anchor: Anchor, { parent, occupied }: Approach, name: string) =>
  occupied ? enterIfThere(anchor, parent, name) : undefined;

/** Whether nothing stands at a path. What lies outside the roots is not looked at, and counts as standing. */
export function isVacant(anchor: Anchor, path: string, roots: readonly Root[]): boolean {
  try {
    const { root, names } = locate(path, roots);
    walk(anchor, openRoot(anchor, root), names);
    return false;
  } catch (error) {
    return isGone(error);
  }
}
