import { readdir, rename, stat, unlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { KillswitchError } from '../../../domain/errors.js';
import type { Journal } from '../../../ports/journal.js';
import type { Health } from '../../../ports/runtime.js';
import {
  isFull,
  makeDirectory,
  newDraft,
  overwrite,
  readWhole,
  sync,
  unlessAbsent,
  writeNew,
} from '../files.js';
import { createReserve, type Room } from './reserve.js';
import { createTurns } from './turns.js';

export interface JournalOptions {
  /** The intents are in its directory `journal`, which is created (mode 0700) when first needed. */
  readonly directory: string;
  /**
   * Disk space to reserve, in the directory `reserve` beside `journal`, for commands that arrive when the disk is full.
   * Allocated in the background, and again after use. Absent: none.
   */
  readonly reserve?: readonly Room[];
  /** Milliseconds until a write rejects that the disk does not finish. */
  readonly deadlineMs?: number;
}

type Intent = Awaited<ReturnType<Journal['read']>>[number];

/** Nearly every command has less than 16 KiB; one that lists thousands of agents has more. 2.5 MiB in all. */
export const RESERVE: readonly Room[] = [
  { places: 32, bytes: 16 * 1024 },
  { places: 2, bytes: 1024 * 1024 },
];

const ID = /^[A-Za-z0-9-]{1,64}$/;
const ENDING = '.json';
/** Bytes: many times the largest command, and the IDs of more agents than a host runs. */
const LARGEST = 4 * 1024 * 1024;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** Not renamed yet: a write in progress, or one of a process that died. */
const DRAFT = /^\.[a-z0-9-]+\.tmp$/;
/** Milliseconds after which a draft counts as abandoned: no write takes as long. */
const ABANDONED_AFTER = 3_600_000;
/** Milliseconds. Reading can wait, as it happens in the background. */
const READ_WITHIN = 30_000;

/**
 * Intents on this host's disk, each a file `journal/<id>.json`. Every file is complete: it is written under another name,
 * synced, then renamed (rename(2), fsync(2)). Several processes may share the directory. Sorted by ID, so IDs must sort by
 * time, as UUIDv7 does (RFC 9562). Unreadable files are skipped and kept, and `probe` reports them. Calls reject with
 * `store_unavailable` if the disk fails or does not answer in time, and with a TypeError for an ID of another form.
 * Nothing here blocks the event loop.
 */
export function createJournal({ directory, reserve = [], deadlineMs = 2_000 }: JournalOptions): Journal {
  const folder = resolve(directory, 'journal');
  const kept = resolve(directory, 'reserve');
  const room = createReserve(kept, reserve);
  const writing = createTurns({ atOnce: 2, deadlineMs });
  const reading = createTurns({ atOnce: 1, deadlineMs: READ_WITHIN });
  const fileOf = (id: string): string => {
    if (!ID.test(id)) throw new TypeError('The ID of an intent has another form.');
    return join(folder, id + ENDING);
  };
  const names = async (): Promise<string[]> => ((await unlessAbsent(readdir(folder))) ?? []).sort();

  /** Writes under a name that readers ignore. Leaves nothing behind if that fails. */
  const draft = async (text: string): Promise<string> => {
    await makeDirectory(folder);
    const path = newDraft(folder);
    await writeNew(path, text);
    return path;
  };

  /** Like {@link draft} on a full disk, in reserved space. Rejects with `full` if none is left. */
  const draftInReserve = async (text: string, full: unknown): Promise<string> => {
    const path = newDraft(folder);
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
        const bytes = await unlessAbsent(readWhole(join(folder, name), LARGEST));
        if (bytes) intents.push({ id, text: utf8.decode(bytes) });
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
  /** One at a time, and never in a turn that a command needs. The probe reports a failure, as it finds fewer places. */
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
    return free < wanted ? [`on a full disk, room for ${free} of ${wanted} commands`] : [];
  };

  return {
    async append(id, text) {
      const path = fileOf(id);
      await orUnavailable('The journal cannot be written', () =>
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
      orUnavailable('The journal cannot be read', () =>
        reading(async () => {
          await sweep();
          return (await look()).intents;
        }),
      ),
    async remove(id) {
      const path = fileOf(id);
      await orUnavailable('The journal cannot be written', () =>
        writing(async () => {
          await unlessAbsent(unlink(path));
          await unlessAbsent(sync(folder));
        }),
      );
      void fill();
    },
    /** Writes a file and deletes it: only a write shows that a disk is full. */
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
          free > 0 ? `the disk is full; there is room for ${free} commands` : 'the journal cannot be written';
        return { name, ok: false, detail };
      }
    },
  };
}

async function orUnavailable<T>(message: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new KillswitchError('store_unavailable', message, { cause });
  }
}
