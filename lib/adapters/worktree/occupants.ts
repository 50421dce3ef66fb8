import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Directory } from './directory.js';
import { type Mount, type MountTable, readMounts } from './mounts.js';
import { isWithin } from './place.js';
import { isForbidden } from './verdict.js';

/** Who works in a directory: has it, or something below it, as its working directory. */
export interface Occupants {
  readonly pids: readonly number[];
  /** How many processes of this host could not be looked at. */
  readonly unread: number;
}

/** `undefined`: this system does not tell. */
export type Occupancy = (directory: Directory) => Occupants | undefined;

interface Worker {
  readonly pid: number;
  /** As its own mount namespace spells it. */
  readonly cwd: string;
  /** Its mount namespace. */
  readonly namespace: string;
}

interface Look {
  readonly workers: readonly Worker[];
  readonly unread: number;
  /** By namespace; absent for those whose mounts could not be read. */
  readonly mounts: ReadonlyMap<string, readonly Mount[]>;
}

/** Milliseconds that one look may take; whom it did not come to counts as unread. */
const BOUND_MS = 100;
/** Of `flags` in proc_pid_stat(5): a thread of the kernel (include/linux/sched.h). */
const PF_KTHREAD = 0x0020_0000;

/** Neither a zombie nor a thread of the kernel: those have no directory to lose. */
function isAlive(pid: string): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name before may hold anything.
    const [state = '', , , , , , flags] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return !'ZX'.includes(state) && (Number(flags) & PF_KTHREAD) === 0;
  } catch {
    return false;
  }
}

/** proc_pid_cwd(5) is read and not followed: following it asks the filesystem, and a dead one never answers. */
function lookAround(monotonic: () => number): Look {
  const until = monotonic() + BOUND_MS;
  const workers: Worker[] = [];
  const mounts = new Map<string, readonly Mount[]>();
  let unread = 0;
  for (const name of readdirSync('/proc')) {
    if (name < '1' || name > ':') continue;
    if (monotonic() > until) {
      unread += 1;
      continue;
    }
    try {
      const cwd = readlinkSync(`/proc/${name}/cwd`);
      const namespace = readlinkSync(`/proc/${name}/ns/mnt`);
      const pid = Number(name);
      if (!mounts.has(namespace)) mounts.set(namespace, readMounts(pid));
      workers.push({ pid, cwd, namespace });
    } catch (error) {
      // The first process is not worth a word with every clearing: it may have more rights than anybody.
      if (name !== '1' && isForbidden(error) && isAlive(name)) unread += 1;
    }
  }
  return { workers, unread, mounts };
}

/**
 * Under which paths a directory shows in a mount namespace; or parts of it that are mounted by themselves. That another
 * mount may hide such a path is left aside: it may have come after the process that works there.
 */
function spellings(device: string, path: string, mounts: readonly Mount[]): readonly string[] {
  return mounts.flatMap(mount => {
    if (mount.device !== device) return [];
    if (isWithin(mount.root, path)) return [mount.point];
    const rest = path.slice(mount.root === '/' ? 0 : mount.root.length);
    return isWithin(path, mount.root) ? [(mount.point === '/' ? '' : mount.point) + rest] : [];
  });
}

/** Where a directory lies within its filesystem: the same for everyone who sees that, wherever it is mounted. */
function within(path: string, mounts: readonly Mount[]): { device: string; path: string } | undefined {
  const [mount] = mounts
    .filter(({ point }) => isWithin(path, point))
    // Of several on one point the last hides the others.
    .toReversed()
    .sort((one, other) => other.point.length - one.point.length);
  if (mount === undefined) return undefined;
  const rest = path.slice(mount.point === '/' ? 0 : mount.point.length);
  return { device: mount.device, path: (mount.root === '/' ? '' : mount.root) + rest || '/' };
}

/**
 * Sees who works in a directory, in containers too, by proc(5) alone.
 * @param maxAgeMs how old a look may be that saw nobody there
 */
export function openOccupancy(monotonic: () => number, table: MountTable, maxAgeMs: number): Occupancy {
  let last: Look | undefined;
  let at = Number.NEGATIVE_INFINITY;
  function look(path: string, age: number): Occupants {
    if (last === undefined || monotonic() - at >= age) {
      last = lookAround(monotonic);
      at = monotonic();
    }
    const place = within(path, table(age));
    const shown = new Map<string, readonly string[]>();
    for (const [namespace, mounts] of last.mounts)
      shown.set(namespace, place ? spellings(place.device, place.path, mounts) : [path]);
    const pids = last.workers
      .filter(({ cwd, namespace }) => shown.get(namespace)?.some(spelling => isWithin(cwd, spelling)))
      .map(({ pid }) => pid);
    return { pids, unread: last.unread };
  }
  return directory => {
    const path = readlinkSync(directory.access);
    const seen = look(path, maxAgeMs);
    // Who left a moment ago keeps nothing back.
    return seen.pids.length > 0 ? look(path, 0) : seen;
  };
}
