import * as errors from 'jose/errors';
import type { Clock, Log } from '../../ports/runtime.js';
import type { KeyCache } from './key-cache.js';
import { type KeySet, readKeySet } from './key-set.js';
import { SourceError, type TextSource } from './text-source.js';

/** Milliseconds: the timeout of a fetch, and the least time between two while there is no key set yet. */
const TIMEOUT_MS = 2_000;
const EAGER_MS = 1_000;

/** A key set given in the configuration itself. */
export const textSource = (text: string): TextSource => ({
  everyMs: Number.POSITIVE_INFINITY,
  retryMs: Number.POSITIVE_INFINITY,
  read: async () => text,
});

/**
 * Caches the last good key set for the life of the process at the edge, where nothing runs between requests and a request
 * cannot await what another one began: each request refreshes for itself when it is due.
 */
export function createEdgeKeys(
  source: TextSource,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Pick<KeyCache, 'find' | 'health'> {
  let set: KeySet | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let failedAt = Number.NEGATIVE_INFINITY;
  let failure: string | undefined;

  async function look(): Promise<void> {
    lookedAt = clock.monotonic();
    try {
      set = await readKeySet(await source.read(AbortSignal.timeout(TIMEOUT_MS)));
      failure = undefined;
    } catch (error) {
      failure = error instanceof SourceError ? error.message : 'it could not be read';
      failedAt = clock.monotonic();
      log.warn({ why: failure }, 'The key set could not be loaded: the last good one is kept');
    }
  }

  const since = (moment: number): number => clock.monotonic() - moment;
  async function lookIfDue(): Promise<void> {
    const wait = failure === undefined ? source.everyMs : source.retryMs;
    if (set ? since(lookedAt) >= wait : since(failedAt) >= EAGER_MS) await look();
  }

  return {
    async find(header, token) {
      await lookIfDue();
      const known = set;
      const found = known?.find(header, token).catch(async error => {
        if (!(error instanceof errors.JWKSNoMatchingKey) || since(lookedAt) < source.retryMs) throw error;
        await look();
        return await (set ?? known).find(header, token);
      });
      if (!found) throw new errors.JWKSNoMatchingKey();
      return await found;
    },
    async health() {
      await lookIfDue();
      const failed = failure === undefined ? '' : `; the last refresh failed: ${failure}`;
      return { ok: set !== undefined, detail: `${set?.size ?? 'no'} public keys${failed}` };
    },
  };
}
