import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, link, mkdir, open, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

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

/** Creates missing directories (mode 0700), durably. */
export async function makeDirectory(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) await sync(dirname(made));
}

/** A name in the directory that no reader takes for a finished file. */
export const newDraft = (directory: string): string => join(directory, `.${randomUUID()}.tmp`);

/** Creates a file (mode 0600) and syncs its content. Leaves nothing behind if that fails. */
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

/**
 * Writes a file atomically and durably: under another name, synced, then moved.
 * @param place `replace` an existing file, or keep it: `unless there`
 */
export async function placeText(
  path: string,
  text: string,
  place: 'replace' | 'unless there',
): Promise<void> {
  const folder = dirname(path);
  await makeDirectory(folder);
  const draft = newDraft(folder);
  try {
    await writeNew(draft, text);
    if (place === 'replace') await rename(draft, path);
    else await link(draft, path);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  } finally {
    await unlink(draft).catch(() => undefined);
  }
  await sync(folder);
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

/** Reads a regular file of at most `most` bytes; a pipe, a link or an endless file must not block the reader. */
export const readWhole = (path: string, most: number): Promise<Buffer> =>
  withFile(path, O_RDONLY | O_NONBLOCK, async file => {
    const found = await file.stat();
    if (!found.isFile() || found.size > most) throw new Error('This is not one of our files.');
    return await file.readFile();
  });

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

/** Resolves to `undefined` if the work fails because a file does not exist. */
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
