import { errors, type JWTVerifyGetKey } from 'jose';
import type { Clock, Health, Log } from '../../ports.js';
import { type KeySet, KeySetError, readKeySet } from './key-set.js';
import type { KeySource } from './source.js';

export interface KeptKeys {
  /** Rejects with an error of jose if there is no such key. */
  readonly find: JWTVerifyGetKey;
  health(): Promise<Pick<Health, 'ok'> & { detail: string }>;
  close(): void;
}

/** How long a look may take, and how long a token waits for one, in milliseconds. */
const TIMEOUT_MS = 2000;

/** Resolves when the work is done, or after {@link TIMEOUT_MS}: a hanging disk must not hang a stop. */
async function waitFor(work: Promise<void> | undefined): Promise<void> {
  if (!work) return;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>(resolve => {
    timer = setTimeout(resolve, TIMEOUT_MS);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}

/**
 * Keeps the last good key set for ever and looks for a newer one in the background, so that neither a dead
 * identity provider nor a file that was saved half-written locks anybody out.
 */
export function keepKeys(source: KeySource, { clock, log }: { clock: Clock; log: Log }): KeptKeys {
  let set: KeySet | undefined;
  let text: string | undefined;
  let goodAt = 0;
  let lookedAt = 0;
  let failure: string | undefined;
  let looking: Promise<void> | undefined;
  let abort = new AbortController();
  let closed = false;

  async function look(): Promise<void> {
    abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), TIMEOUT_MS);
    try {
      const found = await source.read(abort.signal);
      if (found !== text) {
        set = await readKeySet(found);
        text = found;
        log.info({ keys: set.size }, 'The key set was loaded');
      }
      goodAt = clock.monotonic();
      failure = undefined;
    } catch (error) {
      const why = error instanceof KeySetError ? error.message : 'it could not be read';
      if (why !== failure && !closed) {
        log.warn({ why, err: error }, 'The key set could not be loaded: what was there stays');
      }
      failure = why;
    } finally {
      clearTimeout(timer);
      looking = undefined;
    }
  }

  /** One look at a time: one that hangs is not joined by more. */
  function lookAgain(): Promise<void> {
    lookedAt = clock.monotonic();
    looking ??= look();
    return looking;
  }

  const sinceLook = (): number => clock.monotonic() - lookedAt;
  const lookIfCool = () => looking ?? (sinceLook() >= source.retryMs ? lookAgain() : undefined);

  // Half a period of slack: a timer that fires a little early must not make the look wait for the next one.
  const timer = setInterval(() => {
    const wait = failure === undefined ? source.everyMs : source.retryMs;
    if (sinceLook() >= wait - source.retryMs / 2) void lookAgain();
  }, source.retryMs);
  timer.unref();
  void lookAgain();

  return {
    async find(header, token) {
      if (!set) await waitFor(lookIfCool());
      const found = set?.find(header, token).catch(async error => {
        if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
        await waitFor(lookIfCool());
        return await (set as KeySet).find(header, token);
      });
      if (!found) throw new errors.JWKSNoMatchingKey();
      return await found;
    },
    async health() {
      if (!set) await waitFor(looking);
      const failed = failure === undefined ? '' : `; the last look failed: ${failure}`;
      if (!set) return { ok: false, detail: `no key set yet${failed}` };
      const age = Math.round((clock.monotonic() - goodAt) / 1000);
      return { ok: true, detail: `${set.size} public keys, confirmed ${age} s ago${failed}` };
    },
    close() {
      closed = true;
      clearInterval(timer);
      abort.abort();
    },
  };
}
