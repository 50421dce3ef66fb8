import { readFileSync, readlinkSync } from 'node:fs';
import type { Directory } from './directory.js';
import { isWithin } from './place.js';

/** Whether the directory is a mount point or holds one, as far as this process can see. */
export type IsMounted = (directory: Directory, parent: Directory) => boolean;

/** One line of proc_pid_mountinfo(5). */
export interface Mount {
  /** `major:minor` of the filesystem. */
  readonly device: string;
  /** Which directory of the filesystem is mounted. */
  readonly root: string;
  readonly point: string;
  /** Such as `ext4` or `nfs4`. */
  readonly type: string;
}

/** proc(5) writes space, tab, newline and backslash as three octal digits. */
const decode = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

function parse(line: string): readonly Mount[] {
  const fields = line.split(' ');
  const [, , device = '', root = '', point] = fields;
  if (point === undefined) return [];
  // A number of optional fields comes before the separator.
  const type = fields[fields.indexOf('-', 6) + 1] ?? '';
  return [{ device, root: decode(root), point: decode(point), type }];
}

/**
 * What is mounted, as one process sees it; asks no filesystem, so that it cannot hang on a dead one.
 * @throws a system error
 */
export const readMounts = (process: number | 'self' = 'self'): readonly Mount[] =>
  readFileSync(`/proc/${process}/mountinfo`, 'utf8').split('\n').flatMap(parse);

/** @param maxAgeMs how old the table may be; each container on the host adds to what reading it costs */
export type MountTable = (maxAgeMs: number) => readonly Mount[];

/** The mounts of this process, read again when they are older than the caller may use. */
export function createMountTable(monotonic: () => number): MountTable {
  let mounts: readonly Mount[] = [];
  let readAt = Number.NEGATIVE_INFINITY;
  return maxAgeMs => {
    if (monotonic() - readAt >= maxAgeMs) {
      mounts = readMounts();
      readAt = monotonic();
    }
    return mounts;
  };
}

/**
 * Device numbers do not tell: a bind mount of the same filesystem has the same one, and `rm --one-file-system` walks
 * into it.
 */
export const isMountedBy =
  (table: MountTable, maxAgeMs: number): IsMounted =>
  directory => {
    const path = readlinkSync(directory.access);
    const isIn = (age: number): boolean => table(age).some(({ point }) => isWithin(point, path));
    // No caller waits for what was unmounted a moment ago.
    return isIn(maxAgeMs) && isIn(0);
  };

/** Where there is no such table: only a mount on the directory itself shows. */
export const isMountedByDevice: IsMounted = (directory, parent) => directory.stat.dev !== parent.stat.dev;
