import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { Directory } from './directory.js';
import { type Mount, type MountTable, readMounts } from './mounts.js';
import { isWithin } from './place.js';
import { isForbidden, Verdict } from './verdict.js';

/** Who works in a directory: has it, or something below it, as its working directory. */
export interface Occupants {
  readonly pids: readonly number[];
  /** How many processes of this host this user may not look at. */
  readonly unread: number;
}

/** Says of a directory who worked in it when the look was taken; `undefined`: this system does not tell. */
export type OccupantsOf = (directory: Directory) => Occupants | undefined;

/**
 * Looks at all processes of this host.
 * @param maxAgeMs how old a look may be that was taken for another
 * @throws Verdict `pending` if they are too many to be looked at in time
 */
export type Occupancy = (maxAgeMs: number) => Promise<OccupantsOf>;

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

/** Milliseconds that one look may take, and how many of them without others getting their turn. */
const BOUND_MS = 10_000;
const SLICE_MS = 10;
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
async function lookAround(monotonic: () => number): Promise<Look> {
  const until = monotonic() + BOUND_MS;
  const workers: Worker[] = [];
  const mounts = new Map<string, readonly Mount[]>();
  let unread = 0;
  let sliceAt = monotonic();
  for (const name of readdirSync('/proc')) {
    if (name < '1' || name > ':') continue;
    if (monotonic() - sliceAt > SLICE_MS) {
      // A process that was not checked may be the one that works there.
      if (monotonic() > until)
        throw new Verdict('pending', 'the processes of this host are too many to look at');
      await setImmediate();
      sliceAt = monotonic();
    }
    try {
      const cwd = readlinkSync(`/proc/${name}/cwd`);
      const namespace = readlinkSync(`/proc/${name}/ns/mnt`);
      const pid = Number(name);
      if (!mounts.has(namespace)) mounts.set(namespace, readMounts(pid));
      workers.push({ pid, cwd, namespace });
    } catch (error) {
      // PID 1 is not worth a warning with every clearing: it may have more rights than any other process.
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

function occupantsIn(path: string, { workers, unread, mounts }: Look, own: readonly Mount[]): Occupants {
  const place = within(path, own);
  const shown = new Map<string, readonly string[]>();
  for (const [namespace, table] of mounts)
    shown.set(namespace, place ? spellings(place.device, place.path, table) : [path]);
  const pids = workers
    .filter(({ cwd, namespace }) => shown.get(namespace)?.some(spelling => isWithin(cwd, spelling)))
    .map(({ pid }) => pid);
  return { pids, unread };
}

/** Sees who works in a directory, in containers too, by proc(5) alone. */
export function createOccupancy(monotonic: () => number, table: MountTable): Occupancy {
  let last: Promise<Look> | undefined;
  let at = Number.NEGATIVE_INFINITY;
  return async maxAgeMs => {
    if (last === undefined || monotonic() - at >= maxAgeMs) {
      at = monotonic();
      last = lookAround(monotonic);
    }
    const look = await last;
    return directory => occupantsIn(readlinkSync(directory.access), look, table(maxAgeMs));
  };
}
