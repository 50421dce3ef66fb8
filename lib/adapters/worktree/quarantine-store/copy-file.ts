import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';

const CHUNK = 1 << 20;
/** Of st_blocks, by stat(2). */
const BLOCK = 512;
const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/** Rights to read, write and execute: a file of the agent's must not become one that runs as another user. */
export const MODE = 0o777;

/** Whole, also where write(2) took only a part. */
function writeAll(fd: number, data: Uint8Array, position: number): void {
  for (let done = 0; done < data.length; )
    done += writeSync(fd, data, done, data.length - done, position + done);
}

/**
 * Copies the content and the rights of a regular file to where nothing is; holes stay holes, so that a file that is
 * larger than the disk fits.
 * @param options.owner the numeric user and group, to be kept
 * @throws system errors; TypeError if it is no regular file (any more)
 */
export function copyFile(from: Buffer, to: Buffer, { owner }: { owner: boolean }): void {
  const source = openSync(from, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const stat = fstatSync(source);
    if (!stat.isFile()) throw new TypeError('no regular file');
    const target = openSync(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      const isSparse = stat.blocks * BLOCK < stat.size;
      const buffer = Buffer.allocUnsafe(Math.min(CHUNK, Math.max(stat.size, 1)));
      const zeros = Buffer.alloc(isSparse ? buffer.length : 0);
      let position = 0;
      for (let count = 1; count > 0 && position < stat.size; position += count) {
        count = readSync(source, buffer, 0, buffer.length, position);
        const data = buffer.subarray(0, count);
        if (!isSparse || !data.equals(zeros.subarray(0, count))) writeAll(target, data, position);
      }
      ftruncateSync(target, position);
      if (owner) fchownSync(target, stat.uid, stat.gid);
      fchmodSync(target, stat.mode & MODE);
    } finally {
      closeSync(target);
    }
  } finally {
    closeSync(source);
  }
}
