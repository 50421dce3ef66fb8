import type { Clock, Log } from '../../ports/runtime.js';
import { withTimeout } from '../../util/with-timeout.js';
import { SourceError, type TextSource } from './text-source.js';

/** The last good value of a text source, refreshed in the background. */
export interface RefreshingCache<T> {
  current(): T | undefined;
  /** Refreshes now, unless that was done a moment ago. Resolves when done, or after a timeout. */
  refresh(): Promise<void>;
  /** Waits for the refresh in flight, if any, or the timeout. */
  settled(): Promise<void>;
  /** Seconds since the value was last confirmed. */
  age(): number;
  /** Why the last refresh failed, if it did. */
  failure(): string | undefined;
  close(): void;
}

export interface RefreshingCacheOptions<T> {
  /** Parses the text. @throws SourceError if it is invalid */
  readonly read: (text: string) => T | Promise<T>;
  /** For the log, such as `key set`. */
  readonly name: string;
  /** The log entry for a changed value. */
  readonly told: (value: T) => object;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly log: Log;
}

/** The timeout of a refresh, and of waiting for one, in milliseconds. */
const TIMEOUT_MS = 2000;

const codeOf = (cause: unknown): object =>
  cause instanceof Error && 'code' in cause ? { code: cause.code } : {};

/** Resolves when the work is done, or after {@link TIMEOUT_MS}: a hanging disk must not delay a stop. */
async function waitFor(work: Promise<void> | undefined): Promise<void> {
  if (work) await withTimeout(work, TIMEOUT_MS, () => undefined);
}

/**
 * Keeps the last good value and refreshes it in the background, so that neither a dead identity provider nor a half-written
 * file locks anyone out, or lets a revoked credential in again.
 */
export function openRefreshingCache<T>(
  source: TextSource,
  { read, name, told, clock, log }: RefreshingCacheOptions<T>,
): RefreshingCache<T> {
  let value: T | undefined;
  let text: string | undefined;
  let goodAt = 0;
  let lookedAt = 0;
  let failure: string | undefined;
  let looking: Promise<void> | undefined;
  let abort = new AbortController();
  let closed = false;

  const kept = (): string => (text === undefined ? '' : ': the last good one is kept');

  async function look(): Promise<void> {
    abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), TIMEOUT_MS);
    try {
      const found = await source.read(abort.signal);
      if (found !== text) {
        value = await read(found);
        text = found;
        log.info(told(value), `The ${name} was loaded`);
      }
      goodAt = clock.monotonic();
      failure = undefined;
    } catch (error) {
      const isKnown = error instanceof SourceError;
      const why = isKnown ? error.message : 'it could not be read';
      if (why !== failure && !closed) {
        // A known reason needs no stack trace.
        const more = isKnown ? codeOf(error.cause) : { err: error };
        log.warn({ why, ...more }, `The ${name} could not be loaded${kept()}`);
      }
      failure = why;
    } finally {
      clearTimeout(timer);
      looking = undefined;
    }
  }

  /** One refresh at a time, so that hanging ones do not pile up. */
  function begin(): Promise<void> {
    lookedAt = clock.monotonic();
    looking ??= look();
    return looking;
  }

  const sinceLook = (): number => clock.monotonic() - lookedAt;

  // Half a period of slack: a timer that fires a little early must not skip a refresh.
  const timer = setInterval(() => {
    const wait = failure === undefined ? source.everyMs : source.retryMs;
    if (sinceLook() >= wait - source.retryMs / 2) void begin();
  }, source.retryMs);
  timer.unref();
  void begin();

  return {
    current: () => value,
    refresh: () => waitFor(looking ?? (sinceLook() >= source.retryMs ? begin() : undefined)),
    settled: () => waitFor(looking),
    age: () => Math.round((clock.monotonic() - goodAt) / 1000),
    failure: () => failure,
    close() {
      closed = true;
      clearInterval(timer);
      abort.abort();
    },
  };
}
