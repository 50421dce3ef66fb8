import { type FSWatcher, readdirSync, readFileSync, statSync, watch } from 'node:fs';
import { dirname, join } from 'node:path';
import { WORKERS, type Worker } from './workload.js';

/** A file that one process of a session adds a line to each 100 ms, as long as it runs. */
export interface Counter {
  readonly name: Worker | 'mcp';
  readonly file: string;
  readonly pid: number;
}

const linesOf = (file: string): string[] => {
  try {
    return readFileSync(file, 'utf8').split('\n').slice(0, -1);
  } catch {
    return [];
  }
};

const sizeOf = ({ file }: Counter): number => statSync(file).size;

/** Those of the shell tool's workers that have written. */
export const workersIn = (folder: string): Counter[] =>
  WORKERS.flatMap(name => {
    const file = join(folder, name);
    const [first] = linesOf(file);
    return first === undefined ? [] : [{ name, file, pid: Number(first.split(' ')[0]) }];
  });

/** The MCP servers of a home whose tool was called by a session. A tool may have more of them. */
export const mcpIn = (folder: string, session: string): Counter[] =>
  readdirSync(folder).flatMap(name => {
    const file = join(folder, name);
    return linesOf(file).includes(`called ${session}`) ? [{ name: 'mcp', file, pid: Number(name) }] : [];
  });

/**
 * Waits until something is so which can only become so by writing to files in these folders.
 *
 * @param giveUp what says that it never will be so any more.
 * @throws after `ms`, and when `giveUp` settles, with what `why` says.
 */
export async function untilWritten<T>(
  folders: readonly string[],
  look: () => T | undefined,
  ms: number,
  why: () => string,
  giveUp?: Promise<unknown>,
): Promise<T> {
  const watchers: FSWatcher[] = [];
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      const check = (): void => {
        try {
          const seen = look();
          if (seen !== undefined) resolve(seen);
        } catch (error) {
          reject(error);
        }
      };
      const fail = (): void => reject(new Error(why()));
      timer = setTimeout(fail, ms);
      giveUp?.then(fail, fail);
      // The watchers are there before the first look, so that nothing is written unseen in between.
      for (const folder of folders) watchers.push(watch(folder, check));
      check();
    });
  } finally {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  }
}

const foldersOf = (counters: readonly Counter[]): string[] => [
  ...new Set(counters.map(({ file }) => dirname(file))),
];

const describe = (counters: readonly Counter[]): string =>
  counters.map(({ name, pid }) => `${name} (${pid})`).join(', ');

/** Waits until each of the counters goes on. Throws naming those that do not. */
export async function untilAllGrow(counters: readonly Counter[], ms = 15_000): Promise<void> {
  const before = new Map(counters.map(counter => [counter, sizeOf(counter)]));
  const still = (): Counter[] => counters.filter(counter => sizeOf(counter) === before.get(counter));
  await untilWritten(
    foldersOf(counters),
    () => (still().length === 0 ? true : undefined),
    ms,
    () => `Not written for ${ms} ms: ${describe(still())}.`,
  );
}

/** Waits for all of a time during which none of the counters may go on. Throws naming one that does. */
export async function staysStill(counters: readonly Counter[], ms: number): Promise<void> {
  const before = new Map(counters.map(counter => [counter, sizeOf(counter)]));
  const grown = (): Counter[] => counters.filter(counter => sizeOf(counter) !== before.get(counter));
  const wrote = await untilWritten(
    foldersOf(counters),
    () => (grown().length > 0 ? grown() : undefined),
    ms,
    () => '',
  ).catch(() => grown());
  if (wrote.length > 0) throw new Error(`Written during ${ms} ms: ${describe(wrote)}.`);
}
