import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { type Directory, isOurs } from './directory.js';

// O_NONBLOCK: a FIFO in the place of a file must not hold us.
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

interface ReadOptions {
  readonly limit?: number;
  readonly ours?: boolean;
  /** `latin1` keeps bytes that are no text. */
  readonly encoding?: 'utf8' | 'latin1';
}

/**
 * The text of a small file that any process may have written or replaced.
 * @returns `undefined` unless it is a regular file of at most `limit` bytes (and ours, if asked)
 */
export function readSmall(
  directory: Directory,
  name: string,
  { limit = 16_384, ours = false, encoding = 'utf8' }: ReadOptions = {},
): string | undefined {
  let fd: number;
  try {
    fd = openSync(`${directory.access}/${name}`, FLAGS);
  } catch {
    return undefined;
  }
  try {
    const stat = fstatSync(fd, { bigint: true });
    if (!stat.isFile() || stat.size > BigInt(limit) || (ours && !isOurs(stat))) return undefined;
    const buffer = Buffer.allocUnsafe(Number(stat.size));
    return buffer.toString(encoding, 0, readSync(fd, buffer));
  } finally {
    closeSync(fd);
  }
}
