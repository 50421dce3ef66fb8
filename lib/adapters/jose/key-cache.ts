import type { JWTVerifyGetKey } from 'jose';
import * as errors from 'jose/errors';
import type { Clock, Health, Log } from '../../ports/runtime.js';
import { type KeySet, readKeySet } from './key-set.js';
import { openRefreshingCache } from './refreshing-cache.js';
import type { TextSource } from './text-source.js';

export interface KeyCache {
  /** Rejects with an error of jose if there is no such key. */
  readonly find: JWTVerifyGetKey;
  health(): Promise<Pick<Health, 'ok'> & { detail: string }>;
  close(): void;
}

/** A cached key set; an unknown key causes a refresh, at most once in {@link TextSource.retryMs}. */
export function openKeyCache(
  source: TextSource,
  parts: { readonly clock: Clock; readonly log: Log },
): KeyCache {
  const kept = openRefreshingCache<KeySet>(source, {
    ...{ clock: parts.clock, log: parts.log },
    read: readKeySet,
    name: 'key set',
    told: ({ size }) => ({ keys: size }),
  });
  return {
    async find(header, token) {
      if (!kept.current()) await kept.refresh();
      const found = kept
        .current()
        ?.find(header, token)
        .catch(async error => {
          if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
          await kept.refresh();
          return await (kept.current() as KeySet).find(header, token);
        });
      if (!found) throw new errors.JWKSNoMatchingKey();
      return await found;
    },
    async health() {
      if (!kept.current()) await kept.settled();
      const [set, failure] = [kept.current(), kept.failure()];
      const failed = failure === undefined ? '' : `; the last refresh failed: ${failure}`;
      if (!set) return { ok: false, detail: `no key set yet${failed}` };
      return { ok: true, detail: `${set.size} public keys, confirmed ${kept.age()} s ago${failed}` };
    },
    close: kept.close,
  };
}
