import { lstatSync, readlinkSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { posix } from 'node:path';
import type { Clock } from '../../ports/runtime.js';
import { join } from './directory.js';
import type { Mount, MountTable } from './mounts.js';
import { isWithin } from './place.js';
import { openProbe, type Probe } from './probe.js';
import { silent, Verdict } from './verdict.js';

/**
 * A record may name a path on a dead network filesystem, and a call there holds its thread for ever: this whole process
 * if it is a synchronous one, and one of Node's four threads for files otherwise. So nothing is touched before each
 * filesystem on its way has answered a child of its own, which may hang. One that hangs holds up nothing but what
 * lies on it.
 */
export interface Liveness {
  /** Whether every filesystem on the way of a real path answers, in time and before `deadline`. Follows no link. */
  answers(path: string, deadline?: AbortSignal): Promise<boolean>;
  /** Whether every filesystem on the way of a real path answered less than so long ago, without asking it. */
  answered(path: string, withinMs: number): boolean;
  /**
   * The real path of what may have links on its way.
   * @returns `undefined` if there is none
   * @throws Verdict `pending` if a filesystem on the way does not answer
   */
  realpath(path: string, deadline?: AbortSignal): Promise<string | undefined>;
  /** Ends what still waits for an answer. */
  close(): void;
}

/** Those in this machine's memory or on its own disks, which wait for no other machine. */
const LOCAL = new Set(
  [
    'bcachefs binfmt_misc bpf btrfs cgroup cgroup2 configfs debugfs devpts devtmpfs efivarfs erofs exfat',
    'ext2 ext3 ext4 f2fs fusectl hugetlbfs iso9660 jfs mqueue nilfs2 nsfs ntfs3 overlay proc pstore ramfs reiserfs',
    'rootfs securityfs selinuxfs squashfs sysfs tmpfs tracefs udf vfat xfs zfs',
  ].flatMap(line => line.split(' ')),
);
/** Milliseconds: how old the table of mounts may be, and what a filesystem answered before it is asked again. */
const TABLE_AGE_MS = 50;
const FRESH_MS = 100;
const MOST_LINKS = 40;

interface LivenessOptions {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Absent where there is none: then each path is a filesystem of its own. */
  readonly table?: MountTable | undefined;
  /** Asks one filesystem. */
  readonly probe?: Probe;
}

export function openLiveness({ clock, table, probe = openProbe({ clock }) }: LivenessOptions): Liveness {
  let mounts: readonly Mount[] | undefined;
  let foreign: readonly string[] = [];
  /** Where filesystems are mounted on the way of a path that may not answer, the upper one first. */
  function pointsOf(path: string): readonly string[] {
    if (table === undefined) return [path];
    const now = table(TABLE_AGE_MS);
    if (now !== mounts) {
      mounts = now;
      foreign = now.flatMap(({ type, point }) => (LOCAL.has(type) ? [] : [point])).sort();
    }
    return foreign.filter(point => isWithin(path, point));
  }

  async function answers(path: string, deadline?: AbortSignal): Promise<boolean> {
    // A probe of the lower one would wait for the upper one, too.
    for (const point of pointsOf(path)) if (!(await probe.ask(point, FRESH_MS, deadline))) return false;
    return true;
  }

  /** Each component is looked at only when its filesystem has answered: a link may lead from a living one to a dead. */
  async function resolve(path: string, deadline?: AbortSignal): Promise<string | undefined> {
    const rest = path.split('/');
    let at = '/';
    for (let links = 0; rest.length > 0; ) {
      const name = rest.shift() ?? '';
      if (name === '' || name === '.') continue;
      const next = name === '..' ? posix.dirname(at) : join(at, name);
      if (!(await answers(next, deadline))) throw silent();
      if (!lstatSync(next).isSymbolicLink()) {
        at = next;
        continue;
      }
      if (++links > MOST_LINKS) return undefined;
      const target = readlinkSync(next);
      if (target.startsWith('/')) at = '/';
      rest.unshift(...target.split('/'));
    }
    return at;
  }

  return {
    answers,
    answered: (path, withinMs) => pointsOf(path).every(point => probe.answered(point, withinMs)),
    async realpath(path, deadline) {
      if (!path.startsWith('/')) return undefined;
      try {
        if (table) return await resolve(path, deadline);
        if (!(await answers(path, deadline))) throw silent();
        return await realpath(path);
      } catch (error) {
        if (error instanceof Verdict) throw error;
        return undefined;
      }
    },
    close: () => probe.close(),
  };
}
