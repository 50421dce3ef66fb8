import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { KillswitchError } from '../errors.js';
import type { Health, Journal } from '../ports.js';

export interface JournalOptions {
  /** The intents lie in its directory `journal`, which is made (mode 0700) when it is first needed. */
  readonly directory: string;
}

type Intent = Awaited<ReturnType<Journal['read']>>[number];

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;
const ID = /^[A-Za-z0-9-]{1,64}$/;
const ENDING = '.json';
/** Not renamed yet: of a write that is under way, or of a process that died amid one. */
const DRAFT = /^\.[a-z0-9-]+\.tmp$/;
/** Milliseconds. No write takes as long. */
const ABANDONED_AFTER = 3_600_000;
/** Bytes: many times the largest command, and the IDs of more agents than a host runs. */
const LARGEST = 4 * 1024 * 1024;

/**
 * Intents on this host's disk, each a file `journal/<id>.json`. One that is there is whole: it is written under another
 * name, synced, then renamed (rename(2), fsync(2)). Several processes may share the directory. The order is that of the
 * IDs, so these have to sort by time, as UUIDv7 does (RFC 9562). What cannot be read is left out and stays there, and
 * `probe` tells. Whatever the disk refuses rejects with `store_unavailable`; an ID of another form, with a TypeError.
 */
export function openJournal({ directory }: JournalOptions): Journal {
  const folder = resolve(directory, 'journal');
  const fileOf = (id: string): string => {
    if (!ID.test(id)) throw new TypeError('The ID of an intent has another form.');
    return join(folder, id + ENDING);
  };
  const names = async (): Promise<string[]> => ((await unlessAbsent(readdir(folder))) ?? []).sort();

  /** Writes under a name that nobody reads. Leaves nothing behind if that fails. */
  const draft = async (text: string): Promise<string> => {
    await makeDirectory(folder);
    const path = join(folder, `.${randomUUID()}.tmp`);
    try {
      await withFile(path, O_WRONLY | O_CREAT | O_EXCL, async file => {
        await file.writeFile(text);
        await file.sync();
      });
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
    for (const name of (await names()).filter(one => DRAFT.test(one))) {
      const path = join(folder, name);
      const { mtimeMs = Date.now() } = (await unlessAbsent(stat(path))) ?? {};
      if (Date.now() - mtimeMs > ABANDONED_AFTER) await unlessAbsent(unlink(path));
    }
  };

  return {
    async append(id, text) {
      const path = fileOf(id);
      await telling('The journal cannot be written', async () => {
        await rename(await draft(text), path);
        await sync(folder);
      });
    },
    read: () =>
      telling('The journal cannot be read', async () => {
        await sweep();
        return (await look()).intents;
      }),
    async remove(id) {
      const path = fileOf(id);
      await telling('The journal cannot be written', async () => {
        await unlessAbsent(unlink(path));
        await unlessAbsent(sync(folder));
      });
    },
    /** Writes something and takes it away again: a disk that is full looks well until then. */
    async probe(): Promise<Health> {
      const name = 'journal';
      try {
        await unlink(await draft('\n'));
        const { intents, unreadable } = await look();
        const waiting = intents.length > 0 ? [`${intents.length} waiting to be carried out`] : [];
        const lost = unreadable > 0 ? [`${unreadable} cannot be read`] : [];
        const detail = [...waiting, ...lost].join('; ');
        return { name, ok: unreadable === 0, ...(detail && { detail }) };
      } catch {
        return { name, ok: false, detail: 'the journal cannot be written' };
      }
    },
  };
}

async function withFile<T>(path: string, flags: number, work: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path, flags | O_NOFOLLOW, 0o600);
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}

/** Makes the entries of a directory durable. */
const sync = (path: string): Promise<void> => withFile(path, O_RDONLY | O_DIRECTORY, file => file.sync());

/** Makes those that are missing, durably. */
async function makeDirectory(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) await sync(dirname(made));
}

/** Whoever put something else there (a pipe, a link, a file without end) must not hold up the others. */
const readWhole = (path: string): Promise<string> =>
  withFile(path, O_RDONLY | O_NONBLOCK, async file => {
    const found = await file.stat();
    if (!found.isFile() || found.size > LARGEST) throw new Error('This is no intent.');
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await file.readFile());
  });

async function unlessAbsent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function telling<T>(message: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new KillswitchError('store_unavailable', message, { cause });
  }
}
