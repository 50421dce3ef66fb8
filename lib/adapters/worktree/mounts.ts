import { readFileSync, readlinkSync } from 'node:fs';
import type { Directory } from './directory.js';
import { isWithin } from './place.js';

/** Whether the directory is a mount point or holds one, as far as this process can see. */
export type IsMounted = (directory: Directory, parent: Directory) => boolean;

/** proc(5) writes space, tab, newline and backslash as three octal digits. */
const decode = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

const readMountPoints = (): readonly string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .flatMap(line => line.split(' ', 5).slice(4).map(decode));

/**
 * From proc_pid_mountinfo(5), whose fifth field is the mount point. Device numbers do not tell: a bind mount of the
 * same filesystem has the same one, and `rm --one-file-system` walks into it.
 * @param maxAgeMs how old the table may be; each container on the host adds to what reading it costs
 */
export function openMountTable(monotonic: () => number, maxAgeMs: number): IsMounted {
  let points: readonly string[] = [];
  let readAt = Number.NEGATIVE_INFINITY;
  const look = (path: string, age: number): boolean => {
    if (monotonic() - readAt >= age) {
      points = readMountPoints();
      readAt = monotonic();
    }
    return points.some(point => isWithin(point, path));
  };
  return directory => {
    const path = readlinkSync(directory.access);
    // Nobody is kept waiting for what was unmounted a moment ago.
    return look(path, maxAgeMs) && look(path, 0);
  };
}

/** Where there is no such table: only a mount on the directory itself shows. */
export const isMountedByDevice: IsMounted = (directory, parent) => directory.stat.dev !== parent.stat.dev;
