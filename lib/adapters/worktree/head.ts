import { type Anchor, type Directory, walk } from './directory.js';
import { readSmall } from './files.js';
import { componentsOf } from './place.js';

export interface Head {
  /** Without `refs/heads/`; absent for a detached HEAD. */
  readonly branch?: string;
  /** 40 or 64 hexadecimal digits. */
  readonly commit?: string;
}

export const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
const PACKED_LIMIT = 16 << 20;

function looseRef(anchor: Anchor, git: Directory, names: readonly string[]): string | undefined {
  try {
    return readSmall(walk(anchor, git, names.slice(0, -1)), names.at(-1) ?? '')?.trim();
  } catch {
    return undefined;
  }
}

function packedRef(git: Directory, ref: string): string | undefined {
  const text = readSmall(git, 'packed-refs', { limit: PACKED_LIMIT }) ?? '';
  const end = text.indexOf(` ${ref}\n`);
  return end < 0 ? undefined : text.slice(text.lastIndexOf('\n', end) + 1, end);
}

/** The commit of a branch as a repository has it now. */
export function commitOfBranch(anchor: Anchor, git: Directory, branch: string): string | undefined {
  const ref = `refs/heads/${branch}`;
  const names = componentsOf(`/${ref}`);
  if (names === undefined) return undefined;
  const commit = looseRef(anchor, git, names) ?? packedRef(git, ref) ?? '';
  return COMMIT.test(commit) ? commit : undefined;
}

/** What was checked out, from the files themselves (gitrepository-layout(5)): git could be made to run a program. */
export function readHead(anchor: Anchor, git: Directory, admin: Directory): Head {
  const text = readSmall(admin, 'HEAD')?.trim() ?? '';
  if (COMMIT.test(text)) return { commit: text };
  const branch = /^ref: refs\/heads\/(.+)$/.exec(text)?.[1];
  // The name that stands there when the refs lie in a reftable.
  if (branch === undefined || branch === '.invalid' || !componentsOf(`/${branch}`)) return {};
  const commit = commitOfBranch(anchor, git, branch);
  return { branch, ...(commit === undefined ? {} : { commit }) };
}
