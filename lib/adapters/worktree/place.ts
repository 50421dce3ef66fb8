import { QUARANTINE } from './quarantine.js';
import { silent, Verdict } from './verdict.js';

/** An allowed root: as configured, and where that really is (absent: it could not be resolved yet). */
export interface Root {
  readonly configured: string;
  readonly real?: string;
  /** Its filesystem does not answer. */
  readonly isSilent?: true;
}

/** Where a worktree is recorded to be. */
export interface Place {
  /** Real path of the root. */
  readonly root: string;
  /** The components below the root, at least one. */
  readonly names: readonly string[];
  /** Both spellings of the path: by the configured root and by the real one (which git stores). */
  readonly spellings: readonly string[];
}

/** Linux's limits (limits.h): longer ones cannot exist. */
const PATH_MAX = 4095;
const NAME_MAX = 255;

const isName = (name: string): boolean =>
  name !== '' && name !== '.' && name !== '..' && Buffer.byteLength(name) <= NAME_MAX;

/** The components of an absolute, normalized path; `undefined` for any other text. A newline is part of a name. */
export function componentsOf(path: string): readonly string[] | undefined {
  if (path === '/') return [];
  // A lone surrogate has no bytes of its own: two such texts would name one file.
  if (!path.startsWith('/') || path.length > PATH_MAX || /[\0\p{Surrogate}]/u.test(path)) return undefined;
  const names = path.slice(1).split('/');
  return names.every(isName) ? names : undefined;
}

const base = (root: string): string => (root === '/' ? '' : root);

/** Whether `path` is `directory` or lies inside it; both normalized. */
export const isWithin = (path: string, directory: string): boolean =>
  path === directory || path.startsWith(`${base(directory)}/`);

const FORBIDDEN: ReadonlySet<string> = new Set(['.git', QUARANTINE]);

/**
 * Finds the root that a recorded path lies in, by the text alone.
 * @throws Verdict `refused`, or `failed` while the root itself is not there
 */
export function locate(path: string, roots: readonly Root[]): Place {
  const refuse = (detail: string) => new Verdict('refused', detail);
  if (componentsOf(path) === undefined) throw refuse('the worktree path is not absolute and normalized');
  const known = roots.flatMap(root =>
    [root.configured, ...(root.real === undefined ? [] : [root.real])].map(spelling => ({ spelling, root })),
  );
  if (known.some(({ spelling }) => isWithin(spelling, path))) {
    throw refuse('the worktree path is an allowed root or contains one');
  }
  const [found] = known
    .filter(({ spelling }) => isWithin(path, spelling))
    .sort((one, other) => other.spelling.length - one.spelling.length);
  if (found === undefined) throw refuse('the worktree path lies outside the allowed roots');
  const { configured, real, isSilent } = found.root;
  const rest = path.slice(base(found.spelling).length);
  const names = rest.slice(1).split('/');
  // Case is folded because some filesystems do so.
  if (names.some(name => FORBIDDEN.has(name.toLowerCase()))) {
    throw refuse('the worktree path lies inside a quarantine or a git directory');
  }
  if (isSilent) throw silent();
  if (real === undefined) throw new Verdict('failed', 'the allowed root of this worktree does not exist');
  return { root: real, names, spellings: [...new Set([real, configured].map(root => base(root) + rest))] };
}

/** Each spelling of a place, with that of its root. */
export const spelled = ({ names, spellings }: Place): readonly { root: string; path: string }[] =>
  spellings.map(path => ({ path, root: path.slice(0, -`/${names.join('/')}`.length) }));
