import { write as writeAsync, writeSync } from 'node:fs';
import type { Health } from '../../ports/runtime.js';
import { backoff } from '../../util/backoff.js';
import type { Descriptor } from './descriptor.js';

/** Characters that may wait for a slow reader or a full disk. */
const MOST_WAITING = 8 * 2 ** 20;
/** Of one write. */
const BATCH = 64 * 1024;
/** Milliseconds until a failed write is retried: at first, and at most without room or after an error. */
const RETRY = { firstMs: 1, noRoomMs: 100, errorMs: 2_000 };
/** Milliseconds without progress until the probe reports it. */
const PATIENCE = 2_000;

type Write = (
  fd: number,
  bytes: Buffer,
  done: (error: NodeJS.ErrnoException | null, count: number) => void,
) => void;

export interface LinesOptions {
  readonly descriptor: Descriptor;
  readonly mostWaiting?: number;
  /** Makes the line that replaces `lost` dropped ones, the first of them from `since` (ISO 8601). */
  readonly gap: (lost: number, since: string) => string;
  readonly write?: Write;
}

export interface Lines {
  /** Queues a line with its line end, or drops and counts it if too many wait. Never throws, never waits. */
  write(line: string): void;
  /** Whether lines are written; if not, since when, and how many were lost. */
  health(): Health;
  /** Resolves when all is written, or after so many milliseconds. */
  close(withinMs: number): Promise<void>;
}

const atExit = new Set<() => void>();
process.on('exit', () => {
  for (const flush of atExit) flush();
});

const hasNoRoom = (code: string | undefined): boolean => code === 'EAGAIN' || code === 'EBUSY';
const at = (ms: number): string => new Date(ms).toISOString();

/**
 * Writes lines in order, in bounded memory and without blocking the event loop. A failed write is never thrown or emitted,
 * but retried for as long as the process lives. Does not keep the process alive.
 */
export function openLines(options: LinesOptions): Lines {
  const { descriptor, mostWaiting = MOST_WAITING, gap, write = writeAsync } = options;
  /** Each a batch of lines. */
  const waiting: string[] = [];
  let length = 0;
  let writing: Buffer | undefined;
  let tries = 0;
  /** Since when nothing was written, and the error if there was one. */
  let stuck: { readonly since: number; readonly code?: string | undefined } | undefined;
  /** The lines dropped since the queue was full. */
  let dropped: { readonly since: number; lost: number } | undefined;
  let lost = 0;
  let whenWritten: (() => void) | undefined;

  function push(line: string): void {
    const last = waiting.at(-1);
    if (last === undefined || last.length + line.length > BATCH) waiting.push(line);
    else waiting[waiting.length - 1] = last + line;
    length += line.length;
  }

  function next(): void {
    if (!writing) {
      const batch = waiting.shift();
      if (batch === undefined) {
        whenWritten?.();
        return;
      }
      length -= batch.length;
      writing = Buffer.from(batch);
      // Only once half of the queue is free: a slightly slow reader would otherwise get a gap after each line.
      if (dropped && length <= mostWaiting / 2) {
        push(gap(dropped.lost, at(dropped.since)));
        dropped = undefined;
      }
    }
    stuck ??= { since: Date.now() };
    write(descriptor.fd, writing, written);
  }

  function written(error: NodeJS.ErrnoException | null, count: number): void {
    if (error || count === 0) {
      const code = error?.code ?? 'EAGAIN';
      stuck = { since: stuck?.since ?? Date.now(), code };
      const longestMs = hasNoRoom(code) ? RETRY.noRoomMs : RETRY.errorMs;
      setTimeout(next, backoff(tries++, { firstMs: RETRY.firstMs, longestMs })).unref();
      return;
    }
    stuck = undefined;
    tries = 0;
    writing = writing && count < writing.length ? writing.subarray(count) : undefined;
    next();
  }

  /** Writes the last lines as the process exits, if that does not block. */
  function flush(): void {
    if (!descriptor.isPrompt || stuck?.code !== undefined) return;
    try {
      for (const batch of waiting.splice(0)) writeSync(descriptor.fd, batch);
    } catch {
      // The process ends anyway.
    }
  }
  atExit.add(flush);

  const trouble = (): string | undefined => {
    const { since, code } = stuck ?? {};
    const isError = code !== undefined && !hasNoRoom(code);
    if (since !== undefined && (isError || Date.now() - since > PATIENCE)) {
      return `nothing could be written since ${at(since)}${isError ? ` (${code})` : ''}`;
    }
    return dropped && `lines come faster than they can be written since ${at(dropped.since)}`;
  };

  return {
    write(line) {
      if (dropped || length + line.length > mostWaiting) {
        dropped ??= { since: Date.now(), lost: 0 };
        dropped.lost++;
        lost++;
        return;
      }
      push(line);
      if (!writing) next();
    },
    health() {
      const now = trouble();
      const detail = [now, lost > 0 && `${lost} lines were lost`].filter(Boolean).join('; ');
      return { name: 'log', ok: now === undefined, ...(detail && { detail }), aside: true };
    },
    async close(withinMs) {
      if (writing) {
        await new Promise<void>(resolve => {
          const timer = setTimeout(resolve, withinMs);
          whenWritten = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      atExit.delete(flush);
      if (!writing) descriptor.close();
    },
  };
}
