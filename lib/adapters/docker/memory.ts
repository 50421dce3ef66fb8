import { readFileSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { Log } from '../../ports/runtime.js';
import { type ContainerId, toContainerId } from './container-id.js';

/** The containers that an earlier process on this machine knew from the engine. */
export type Remembered = readonly (readonly [id: ContainerId, agentId: string])[];

/** Keeps what the engine reported, for a process that starts while the engine does not answer. */
export interface Memory {
  /** Resolves to what was kept; to nothing if that is of another label or engine. Does not reject. */
  readonly loaded: Promise<Remembered>;
  /** The containers have changed: they are written down soon. */
  changed(): void;
  /** The engine has answered. */
  answered(): void;
  /** Whether it has, since this machine was booted. */
  hasAnswered(): boolean;
  /** Writes down what was not written yet. */
  close(): Promise<void>;
}

export interface MemoryOptions {
  /** Where the file is; without, nothing outlives this process. */
  readonly directory: string | undefined;
  /** Which engine and which label it is about: what another engine reported is of no use. */
  readonly of: string;
  readonly all: () => Remembered;
  readonly log: Log;
}

const FILE = 'containers.json';
/** Containers that are kept; the file stays under a megabyte or two. */
const MOST = 10_000;
/** Milliseconds for which changes are collected before they are written. */
const PAUSE = 100;

const kept = z.object({
  of: z.string(),
  boot: z.string(),
  containers: z.array(z.tuple([z.string(), z.string()])).max(MOST),
});

/** After a boot no engine has answered yet, and nothing that was known runs any more. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}

export function openMemory({ directory, of, all, log }: MemoryOptions): Memory {
  const file = directory === undefined ? undefined : join(directory, FILE);
  const boot = bootId();
  let hasAnswered = false;
  let writing: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  const load = async (path: string): Promise<Remembered> => {
    const { data } = kept.safeParse(JSON.parse(await readFile(path, 'utf8')));
    if (data?.of !== of) return [];
    hasAnswered ||= data.boot === boot;
    return data.containers.flatMap(([text, agentId]) => {
      const id = toContainerId(text);
      return id === undefined ? [] : [[id, agentId] as const];
    });
  };

  const write = async (): Promise<void> => {
    if (file === undefined || !hasAnswered) return;
    const text = JSON.stringify({ of, boot, containers: all().slice(-MOST) });
    const draft = `${file}.${process.pid}`;
    try {
      // A reader sees the old file or the new one.
      await writeFile(draft, text, { mode: 0o600 });
      await rename(draft, file);
    } catch (err) {
      log.info({ err }, 'what is known of containers could not be kept');
    }
  };
  const flush = (): void => {
    timer = undefined;
    writing = writing.then(write);
  };
  const soon = (): void => {
    timer ??= setTimeout(flush, PAUSE).unref();
  };

  return {
    loaded: file === undefined ? Promise.resolve([]) : load(file).catch(() => []),
    changed: soon,
    answered() {
      if (!hasAnswered) soon();
      hasAnswered = true;
    },
    hasAnswered: () => hasAnswered,
    async close() {
      if (timer !== undefined) {
        clearTimeout(timer);
        flush();
      }
      await writing;
    },
  };
}
