import { closeSync, constants, copyFileSync, fstatSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Directory } from '../directory.js';

const LIMIT = 512 << 20;
/** How many parts of a split index are taken; git keeps one or two. */
const MOST_SHARED = 8;

/** Copies a regular file of at most {@link LIMIT} bytes, and nothing else. */
function take(directory: Directory, name: string, target: string): boolean {
  let fd: number;
  try {
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
    fd = openSync(`${directory.access}/${name}`, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch {
    return false;
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size > LIMIT) return false;
    copyFileSync(`/dev/fd/${fd}`, target);
    return true;
  } finally {
    closeSync(fd);
  }
}

/**
 * Copies the index of a worktree into a git directory of ours, with the shared part of a split one
 * (`sharedindex.<id>` beside it).
 * @returns the path of the copy; `undefined`: there is none to take
 */
export function takeIndex(admin: Directory, directory: string, name: string): string | undefined {
  const path = join(directory, name);
  if (!take(admin, 'index', path)) return undefined;
  const shared = readdirSync(admin.access).filter(each => /^sharedindex\.[0-9a-f]{40,64}$/.test(each));
  for (const each of shared.slice(0, MOST_SHARED)) take(admin, each, join(directory, each));
  return path;
}
