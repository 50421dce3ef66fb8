import { constants, lstat, open, opendir } from 'node:fs/promises';
import type { HostFiles } from '../../ports/host-files.js';

const LARGEST = 64 * 1024;
const MOST_NAMES = 1_000;
const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;

export function createHostFiles(): HostFiles {
  return {
    text: path => orUndefined(() => read(path)),
    names: async path => (await orUndefined(() => list(path))) ?? [],
  };
}

async function read(path: string): Promise<string | undefined> {
  // To open a device may already do something.
  if (!(await lstat(path)).isFile()) return undefined;
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    if (!(await file.stat()).isFile()) return undefined;
    const buffer = Buffer.alloc(LARGEST + 1);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    return bytesRead > LARGEST ? undefined : buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

async function list(path: string): Promise<readonly string[]> {
  if (!(await lstat(path)).isDirectory()) return [];
  const names: string[] = [];
  for await (const { name } of await opendir(path)) {
    names.push(name);
    if (names.length >= MOST_NAMES) break;
  }
  return names;
}

async function orUndefined<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch {
    return undefined;
  }
}
