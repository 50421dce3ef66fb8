import { randomBytes } from 'node:crypto';
import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory, newDraft, sync, unlessAbsent, writeNew } from '../files.js';

/** Places of one size. */
export interface Room {
  readonly places: number;
  readonly bytes: number;
}

/** Files that reserve disk space, to be overwritten in place when the disk is full. */
export interface Reserve {
  /** Creates missing places on the disk. Rejects as the file system does. */
  fill(): Promise<void>;
  /**
   * Moves a free place that holds this many bytes to `path`, for this caller alone.
   * @returns false if none is large enough
   */
  take(bytes: number, path: string): Promise<boolean>;
  /** How many are free. */
  free(): Promise<number>;
}

const FREE = /^(\d+)-\d+\.free$/;

/** @param rooms from the smallest to the largest */
export function createReserve(directory: string, rooms: readonly Room[]): Reserve {
  const wanted = rooms.flatMap(({ places, bytes }) =>
    Array.from({ length: places }, (_, place) => ({ name: `${bytes}-${place}.free`, bytes })),
  );
  const names = async (): Promise<string[]> =>
    ((await unlessAbsent(readdir(directory))) ?? []).filter(name => FREE.test(name));
  const sizeOf = (name: string): number => Number(FREE.exec(name)?.[1]);

  return {
    async fill() {
      const found = new Set(await names());
      const missing = wanted.filter(({ name }) => !found.has(name));
      if (missing.length === 0) return;
      await makeDirectory(directory);
      for (const { name, bytes } of missing) {
        const draft = newDraft(directory);
        // Random bytes: a compressing file system would allocate nothing for zeros.
        await writeNew(draft, randomBytes(bytes));
        await rename(draft, join(directory, name));
      }
      await sync(directory);
    },
    async take(bytes, path) {
      const fitting = (await names()).filter(name => sizeOf(name) >= bytes);
      for (const name of fitting.sort((a, b) => sizeOf(a) - sizeOf(b))) {
        // Absent: another process was first.
        const taken = await unlessAbsent(rename(join(directory, name), path).then(() => true));
        if (taken) return true;
      }
      return false;
    },
    free: async () => (await names()).length,
  };
}
