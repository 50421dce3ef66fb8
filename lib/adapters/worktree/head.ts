import { type Anchor, type Directory, walk } from './directory.js';
import { readSmall } from './files.js';
import { componentsOf } from './place.js';

interface Head {
  /** Without `refs/heads/`; absent for a detached HEAD. */
  readonly branch?: string;
  /** 40 or 64 hexadecimal digits. */
  readonly commit?: string;
}

const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
const PACKED_LIMIT = 1 << 20;

function looseRef(anchor: Anchor, git: Directory, names: readonly string[]): string | undefined {
  try {
    return readSmall(walk(anchor, git, names.slice(0, -1)), names.at(-1) ?? '')?.trim();
  } catch {
    return undefined;
  }
}

const packedRef = (git: Directory, ref: string): string | undefined =>
  readSmall(git, 'packed-refs', { limit: PACKED_LIMIT })
    ?.split('\n')
    .find(line => line.endsWith(` ${ref}`))
    ?.split(' ', 1)[0];

/** What was checked out, from the files themselves (gitrepository-layout(5)): git could be made to run a program. */
export function readHead(anchor: Anchor, git: Directory, admin: Directory): Head {
  const text = readSmall(admin, 'HEAD')?.trim() ?? '';
  if (COMMIT.test(text)) return { commit: text };
  const ref = /^ref: (refs\/heads\/.+)$/.exec(text)?.[1];
  const names = ref === undefined ? undefined : componentsOf(`/${ref}`);
  if (ref === undefined || names === undefined) return {};
  const commit = looseRef(anchor, git, names) ?? packedRef(git, ref) ?? '';
  return { branch: ref.slice('refs/heads/'.length), ...(COMMIT.test(commit) ? { commit } : {}) };
}
