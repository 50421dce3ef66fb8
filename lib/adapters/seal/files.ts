import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { link, mkdir, open, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;
/** Bytes. */
const LARGEST = 262_144;

async function withFile<T>(
  path: string,
  flags: number,
  work: (file: import('node:fs/promises').FileHandle) => Promise<T>,
): Promise<T> {
  const file = await open(path, flags | O_NOFOLLOW, 0o600);
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}

/** The text of a small file; `undefined` if there is none. */
export async function readText(path: string): Promise<string | undefined> {
  try {
    return await withFile(path, O_RDONLY | O_NONBLOCK, async file => {
      const found = await file.stat();
      if (!found.isFile() || found.size > LARGEST) throw new Error('This is not one of our files.');
      return await file.readFile('utf8');
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Writes a file (mode 0600) atomically and durably: under another name, synced, then moved.
 * @param place `replace` an existing file, or keep it: `unless there`
 */
export async function placeText(
  path: string,
  text: string,
  place: 'replace' | 'unless there',
): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = join(folder, `.${randomUUID()}.tmp`);
  try {
    await withFile(draft, O_WRONLY | O_CREAT | O_EXCL, async file => {
      await file.writeFile(text);
      await file.sync();
    });
    if (place === 'replace') await rename(draft, path);
    else await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await unlink(draft).catch(() => undefined);
  }
  await withFile(folder, O_RDONLY | O_DIRECTORY, file => file.sync());
}
