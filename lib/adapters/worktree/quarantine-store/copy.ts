import {
  type BigIntStats,
  chmodSync,
  chownSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
} from 'node:fs';
import type { Directory } from '../directory.js';
import { errno } from '../verdict.js';
import { copyFile, MODE } from './copy-file.js';

export interface Copied {
  files: number;
  readonly leftOut: { readonly path: string; readonly why: string }[];
  /** Nested repositories, whose `.git` now has another name. */
  readonly disarmed: string[];
}

/** Git data of a nested repository is brought along, but not under the name by which git would find and obey it. */
const DISARMED = '.git.quarantined';
const GIT = '.git';

/** After these nothing more can be written. */
const FINAL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'EROFS']);

const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'it may not be read',
  EPERM: 'it may not be read',
  ENAMETOOLONG: 'its path is too long',
};

const SLASH = Buffer.from('/');
const join = (directory: Buffer, name: Buffer): Buffer => Buffer.concat([directory, SLASH, name]);

interface Step {
  /** Relative to the tree, with a slash at the beginning; empty: the tree itself. */
  readonly from: Buffer;
  readonly to: Buffer;
}

/** What it is called in the copy. */
function nameFor(name: Buffer, names: readonly Buffer[], isTop: boolean): Buffer | undefined {
  if (name.toString('latin1') !== GIT) return name;
  if (isTop) return undefined;
  let other = DISARMED;
  while (names.some(each => each.toString('latin1') === other)) other += '~';
  return Buffer.from(other);
}

/**
 * Copies what a tree holds, but for the `.git` of its own, into an empty directory of ours: files, directories, and
 * symbolic links as such, with their rights, and as root with their owners. Names are bytes. Devices, pipes and
 * sockets, and what is mounted inside, stay behind. No other user may be able to reach either tree.
 * @throws a system error when nothing more can be written
 */
export function copyTree(source: Directory, target: Directory): Copied {
  const copied: Copied = { files: 0, leftOut: [], disarmed: [] };
  const owner = process.geteuid?.() === 0;
  const at = (tree: Directory, path: Buffer): Buffer => Buffer.concat([Buffer.from(tree.access), path]);
  const leaveOut = (path: Buffer, why: string): void =>
    void copied.leftOut.push({ path: path.subarray(1).toString(), why });
  const directories: { path: Buffer; stat: BigIntStats }[] = [];
  const open: Step[] = [{ from: Buffer.alloc(0), to: Buffer.alloc(0) }];

  function copyOne({ from, to }: Step): void {
    const [old, fresh] = [at(source, from), at(target, to)];
    const stat = lstatSync(old, { bigint: true });
    if (stat.dev !== source.stat.dev) leaveOut(from, 'it lies on another filesystem');
    else if (stat.isDirectory()) {
      mkdirSync(fresh, { mode: 0o700 });
      directories.push({ path: fresh, stat });
      open.push({ from, to });
    } else if (stat.isSymbolicLink()) {
      symlinkSync(readlinkSync(old, { encoding: 'buffer' }), fresh);
      if (owner) lchownSync(fresh, Number(stat.uid), Number(stat.gid));
      copied.files += 1;
    } else if (stat.isFile()) {
      copyFile(old, fresh, { owner });
      copied.files += 1;
    } else leaveOut(from, 'it is a device, a pipe or a socket');
  }

  function guarded(path: Buffer, work: () => void): void {
    try {
      work();
    } catch (error) {
      if (FINAL.has(errno(error))) throw error;
      leaveOut(path, WORDS[errno(error)] ?? 'it could not be copied');
    }
  }

  for (let step = open.pop(); step; step = open.pop()) {
    const { from, to } = step;
    guarded(from, () => {
      const names = readdirSync(at(source, from), { encoding: 'buffer' });
      for (const name of names) {
        const as = nameFor(name, names, from.length === 0);
        if (as === undefined) continue;
        if (as !== name) copied.disarmed.push(from.subarray(1).toString());
        const path = join(from, name);
        guarded(path, () => copyOne({ from: path, to: join(to, as) }));
      }
    });
  }
  // Only now, the deepest first: into a directory that may not be written nothing could have been copied.
  for (const { path, stat } of directories.reverse()) {
    if (owner) chownSync(path, Number(stat.uid), Number(stat.gid));
    chmodSync(path, Number(stat.mode) & MODE);
  }
  return copied;
}
