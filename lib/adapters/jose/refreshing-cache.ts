import type { Clock, Log } from '../../ports/runtime.js';
import { withTimeout } from '../../util/with-timeout.js';
import { SourceError, type TextSource } from './text-source.js';

/** What was read last and was good, looked at again in the background. */
export interface RefreshingCache<T> {
  current(): T | undefined;
  /** Looks now, unless that was done a moment ago. Resolves when it is done, or takes too long. */
  refresh(): Promise<void>;
  /** Resolves when the look that is under way, if any, is done or takes too long. */
  settled(): Promise<void>;
  /** Seconds since what there is was last seen to be so. */
  age(): number;
  /** Why the last look failed, if it did. */
  failure(): string | undefined;
  close(): void;
}

export interface RefreshingCacheOptions<T> {
  /** @throws SourceError for a text that is none */
  readonly read: (text: string) => T | Promise<T>;
  /** For the log, such as `key set`. */
  readonly name: string;
  /** What to log when it has changed. */
  readonly told: (value: T) => object;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly log: Log;
}

/** How long a look may take, and how long somebody waits for one, in milliseconds. */
const TIMEOUT_MS = 2000;

const codeOf = (cause: unknown): object =>
  cause instanceof Error && 'code' in cause ? { code: cause.code } : {};

/** Resolves when the work is done, or after {@link TIMEOUT_MS}: a hanging disk must not hang a stop. */
async function waitFor(work: Promise<void> | undefined): Promise<void> {
  if (work) await withTimeout(work, TIMEOUT_MS, () => undefined);
}

/**
 * Keeps the last good value for ever and looks for a newer one in the background, so that neither a dead identity
 * provider nor a file that was saved half-written locks anybody out, or lets anybody in again.
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

  const kept = (): string => (text === undefined ? '' : ': what was there stays');

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
        // A reason that is known needs no stack trace, which would bury it.
        const more = isKnown ? codeOf(error.cause) : { err: error };
        log.warn({ why, ...more }, `The ${name} could not be loaded${kept()}`);
      }
      failure = why;
    } finally {
      clearTimeout(timer);
      looking = undefined;
    }
  }

  /** One look at a time: one that hangs is not joined by more. */
  function begin(): Promise<void> {
    lookedAt = clock.monotonic();
    looking ??= look();
    return looking;
  }

  const sinceLook = (): number => clock.monotonic() - lookedAt;

  // Half a period of slack: a timer that fires a little early must not make the look wait for the next one.
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
