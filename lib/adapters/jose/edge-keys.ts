import * as errors from 'jose/errors';
import type { Clock, Log } from '../../ports/runtime.js';
import type { KeyCache } from './key-cache.js';
import { type KeySet, readKeySet } from './key-set.js';
import { SourceError, type TextSource } from './text-source.js';

/** Milliseconds: how long a look may take, and the least time between two while there is no key set at all. */
const TIMEOUT_MS = 2_000;
const EAGER_MS = 1_000;

/** A key set that stands in the configuration itself. */
export const textSource = (text: string): TextSource => ({
  everyMs: Number.POSITIVE_INFINITY,
  retryMs: Number.POSITIVE_INFINITY,
  read: async () => text,
});

/**
 * Keeps the last good key set for as long as the process lives, where nothing runs between two requests and no
 * request may wait for what another one has begun: each looks for itself, when it is time to.
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
      log.warn({ why: failure }, 'The key set could not be loaded: what was there stays');
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
      const failed = failure === undefined ? '' : `; the last look failed: ${failure}`;
      return { ok: set !== undefined, detail: `${set?.size ?? 'no'} public keys${failed}` };
    },
  };
}
