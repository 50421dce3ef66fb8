import { randomUUID } from 'node:crypto';
import { readdir, rename, stat, unlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { KillswitchError } from '../../domain/errors.js';
import type { Journal } from '../../ports/journal.js';
import type { Health } from '../../ports/runtime.js';
import { isFull, makeDirectory, overwrite, readWhole, sync, unlessAbsent, writeNew } from './files.js';
import { openReserve, type Room } from './reserve.js';
import { createTurns } from './turns.js';

export interface JournalOptions {
  /** The intents lie in its directory `journal`, which is made (mode 0700) when it is first needed. */
  readonly directory: string;
  /**
   * Room to keep on the disk, in the directory `reserve` beside the other, for orders that come when the disk is full.
   * Made in the background from now on, and again as it is used. None if absent.
   */
  readonly reserve?: readonly Room[];
  /** Milliseconds until a write that the disk does not answer rejects. */
  readonly deadlineMs?: number;
}

type Intent = Awaited<ReturnType<Journal['read']>>[number];

/** Nearly every order has less than 16 KiB; one that names thousands of agents has more. 2.5 MiB in all. */
export const RESERVE: readonly Room[] = [
  { places: 32, bytes: 16 * 1024 },
  { places: 2, bytes: 1024 * 1024 },
];

const ID = /^[A-Za-z0-9-]{1,64}$/;
const ENDING = '.json';
/** Not renamed yet: of a write that is under way, or of a process that died during one. */
const DRAFT = /^\.[a-z0-9-]+\.tmp$/;
/** Milliseconds. No write takes as long. */
const ABANDONED_AFTER = 3_600_000;
/** Milliseconds. Whoever reads can wait: it is done in the background. */
const READ_WITHIN = 30_000;

/**
 * Intents on this host's disk, each a file `journal/<id>.json`. One that is there is whole: it is written under another
 * name, synced, then renamed (rename(2), fsync(2)). Several processes may share the directory. The order is that of the
 * IDs, so these have to sort by time, as UUIDv7 does (RFC 9562). What cannot be read is left out and stays there, and
 * `probe` tells. Whatever the disk refuses, or does not answer in time, rejects with `store_unavailable`; an ID of
 * another form, with a TypeError. Nothing here blocks the event loop.
 */
export function openJournal({ directory, reserve = [], deadlineMs = 2_000 }: JournalOptions): Journal {
  const folder = resolve(directory, 'journal');
  const kept = resolve(directory, 'reserve');
  const room = openReserve(kept, reserve);
  const writing = createTurns({ atOnce: 2, deadlineMs });
  const reading = createTurns({ atOnce: 1, deadlineMs: READ_WITHIN });
  const fileOf = (id: string): string => {
    if (!ID.test(id)) throw new TypeError('The ID of an intent has another form.');
    return join(folder, id + ENDING);
  };
  const names = async (): Promise<string[]> => ((await unlessAbsent(readdir(folder))) ?? []).sort();
  const newDraft = (): string => join(folder, `.${randomUUID()}.tmp`);

  /** Writes under a name that nobody reads. Leaves nothing behind if that fails. */
  const draft = async (text: string): Promise<string> => {
    await makeDirectory(folder);
    const path = newDraft();
    await writeNew(path, text);
    return path;
  };

  /** The same on a full disk, in a place that was kept for this. Rejects with `full` where there is none left. */
  const draftInReserve = async (text: string, full: unknown): Promise<string> => {
    const path = newDraft();
    const bytes = new TextEncoder().encode(text);
    if (!(await room.take(bytes.length, path))) throw full;
    try {
      await overwrite(path, bytes);
      return path;
    } catch (error) {
      await unlink(path).catch(() => undefined);
      throw error;
    }
  };

  const look = async (): Promise<{ intents: Intent[]; unreadable: number }> => {
    const intents: Intent[] = [];
    let unreadable = 0;
    for (const name of await names()) {
      const id = name.slice(0, -ENDING.length);
      if (!name.endsWith(ENDING) || !ID.test(id)) continue;
      try {
        const text = await unlessAbsent(readWhole(join(folder, name)));
        if (text !== undefined) intents.push({ id, text });
      } catch {
        unreadable += 1;
      }
    }
    return { intents, unreadable };
  };

  const sweep = async (): Promise<void> => {
    for (const place of [folder, kept]) {
      for (const name of ((await unlessAbsent(readdir(place))) ?? []).filter(one => DRAFT.test(one))) {
        const path = join(place, name);
        const { mtimeMs = Date.now() } = (await unlessAbsent(stat(path))) ?? {};
        if (Date.now() - mtimeMs > ABANDONED_AFTER) await unlessAbsent(unlink(path));
      }
    }
  };

  let filling: Promise<unknown> | undefined;
  /** One at a time, and never in the turn of an order. A failure is told by the probe, which finds fewer places than there should be. */
  const fill = (): Promise<unknown> => {
    filling ??= (
      reserve.length > 0 ? reading(() => makeDirectory(folder).then(room.fill)) : Promise.resolve()
    )
      .catch(() => undefined)
      .finally(() => {
        filling = undefined;
      });
    return filling;
  };
  void fill();

  const spare = async (): Promise<string[]> => {
    if (reserve.length === 0) return [];
    await fill();
    const wanted = reserve.reduce((sum, { places }) => sum + places, 0);
    const free = await reading(room.free);
    return free < wanted ? [`on a full disk, room for ${free} of ${wanted} orders`] : [];
  };

  return {
    async append(id, text) {
      const path = fileOf(id);
      await telling('The journal cannot be written', () =>
        writing(async () => {
          const written = await draft(text).catch((error: unknown) => {
            if (isFull(error)) return draftInReserve(text, error);
            throw error;
          });
          await rename(written, path);
          await sync(folder);
        }),
      );
    },
    read: () =>
      telling('The journal cannot be read', () =>
        reading(async () => {
          await sweep();
          return (await look()).intents;
        }),
      ),
    async remove(id) {
      const path = fileOf(id);
      await telling('The journal cannot be written', () =>
        writing(async () => {
          await unlessAbsent(unlink(path));
          await unlessAbsent(sync(folder));
        }),
      );
      void fill();
    },
    /** Writes something and takes it away again: a disk that is full looks well until then. */
    async probe(): Promise<Health> {
      const name = 'journal';
      try {
        await writing(async () => unlink(await draft('\n')));
        const short = await spare();
        const { intents, unreadable } = await reading(look);
        const waiting = intents.length > 0 ? [`${intents.length} waiting to be carried out`] : [];
        const lost = unreadable > 0 ? [`${unreadable} cannot be read`] : [];
        const detail = [...waiting, ...lost, ...short].join('; ');
        return { name, ok: unreadable === 0 && short.length === 0, ...(detail && { detail }) };
      } catch (error) {
        const free = isFull(error) ? await reading(room.free).catch(() => 0) : 0;
        const detail =
          free > 0 ? `the disk is full; there is room for ${free} orders` : 'the journal cannot be written';
        return { name, ok: false, detail };
      }
    },
  };
}

async function telling<T>(message: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new KillswitchError('store_unavailable', message, { cause });
  }
}
