import { type BigIntStats, closeSync, constants, fstatSync, lstatSync, openSync } from 'node:fs';
import { silent, Verdict } from './verdict.js';

/** A directory that was opened without following a link. */
export interface Directory {
  /** Leads to the directory itself. What it holds is acted on as `${access}/${name}`, with one plain name. */
  readonly access: string;
  /** Where it stood when it was opened. */
  readonly path: string;
  readonly stat: BigIntStats;
}

/** Opens directories for one piece of work and lets go of all of them together. Both ways in throw system errors. */
export interface Anchor {
  /** By a path whose components are trusted. */
  open(path: string): Directory;
  /** One component further; ENOTDIR or ELOOP if that is a symbolic link or no directory. */
  enter(parent: Directory, name: string): Directory;
  release(): void;
}

/** open(2): names the file without opening it, so that a directory that may only be searched is enough. */
const O_PATH = 0o10000000;
const FLAGS = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * Linux: each directory is held by a file descriptor and reached through proc(5)'s `/proc/self/fd/<fd>`, so that
 * no process that renames or swaps a directory meanwhile can lead us elsewhere.
 * @param answered says of each path on the way whether its filesystem is known to answer; no other is entered
 */
export function anchorByDescriptor(answered: (path: string) => boolean = () => true): Anchor {
  const descriptors: number[] = [];
  const hold = (location: string, path: string): Directory => {
    if (!answered(path)) throw silent();
    const fd = openSync(location, FLAGS);
    descriptors.push(fd);
    return { access: `/proc/self/fd/${fd}`, path, stat: fstatSync(fd, { bigint: true }) };
  };
  return {
    open(path) {
      const directory = hold(path, path);
      // Without /proc everything would look gone.
      if (!isThere(directory, '.')) throw new Verdict('failed', '/proc is not mounted');
      return directory;
    },
    enter: (parent, name) => hold(`${parent.access}/${name}`, join(parent.path, name)),
    release() {
      for (const fd of descriptors.splice(0)) closeSync(fd);
    },
  };
}

export const join = (path: string, name: string): string => (path === '/' ? `/${name}` : `${path}/${name}`);

/** Where a directory below a root is. */
export const pathOf = (root: string, names: readonly string[]): string => names.reduce(join, root);

export const walk = (anchor: Anchor, from: Directory, names: readonly string[]): Directory =>
  names.reduce((directory, name) => anchor.enter(directory, name), from);

/** What stands there under that name, itself and not what it may link to. */
export const look = (directory: Directory, name: string): BigIntStats | undefined =>
  lstatSync(`${directory.access}/${name}`, { bigint: true, throwIfNoEntry: false });

export const isThere = (directory: Directory, name: string): boolean => look(directory, name) !== undefined;

export const isSame = (one: BigIntStats, other: BigIntStats): boolean =>
  one.dev === other.dev && one.ino === other.ino;

/** Belongs to the user of this process. */
export const isOurs = (stat: BigIntStats): boolean =>
  process.geteuid === undefined || stat.uid === BigInt(process.geteuid());

/** Runs a piece of work on an anchor that is let go of afterwards, whatever happens. */
export function anchored<T>(openAnchor: () => Anchor, work: (anchor: Anchor) => T): T {
  const anchor = openAnchor();
  try {
    return work(anchor);
  } finally {
    anchor.release();
  }
}
