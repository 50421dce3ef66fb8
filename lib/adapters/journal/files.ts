import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;
/** Bytes: many times the largest command, and the IDs of more agents than a host runs. */
const LARGEST = 4 * 1024 * 1024;

async function withFile<T>(path: string, flags: number, work: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path, flags | O_NOFOLLOW, 0o600);
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}

/** Makes the entries of a directory durable. */
export const sync = (path: string): Promise<void> =>
  withFile(path, O_RDONLY | O_DIRECTORY, file => file.sync());

/** Creates missing directories, durably. */
export async function makeDirectory(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) await sync(dirname(made));
}

/** Creates a file and syncs its content. Leaves nothing behind if that fails. */
export async function writeNew(path: string, content: string | Uint8Array): Promise<void> {
  try {
    await withFile(path, O_WRONLY | O_CREAT | O_EXCL, async file => {
      await file.writeFile(content);
      await file.sync();
    });
  } catch (error) {
    await unlink(path).catch(() => undefined);
    throw error;
  }
}

/** Overwrites a longer file in place, so that no new block of the disk is needed. */
export const overwrite = (path: string, content: Uint8Array): Promise<void> =>
  withFile(path, O_WRONLY, async file => {
    for (let at = 0; at < content.length; ) {
      at += (await file.write(content, at, content.length - at, at)).bytesWritten;
    }
    await file.truncate(content.length);
    await file.sync();
  });

/** Reads a regular file; a pipe, a link or an endless file must not block the reading of the others. */
export const readWhole = (path: string): Promise<string> =>
  withFile(path, O_RDONLY | O_NONBLOCK, async file => {
    const found = await file.stat();
    if (!found.isFile() || found.size > LARGEST) throw new Error('This is not a stored command.');
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await file.readFile());
  });

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

export async function unlessAbsent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The disk, or our quota, is full: write(2). */
export const isFull = (error: unknown): boolean => ['ENOSPC', 'EDQUOT'].includes(codeOf(error) ?? '');
