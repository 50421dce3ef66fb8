import { readLimitedText, TooLargeError } from '../../util/read-limited-text.js';
import { SourceError, type TextSource } from './text-source.js';

/** Bytes; a key set has some thousands. */
const MOST_BYTES = 1024 * 1024;

/** Follows no redirect: keys only ever come from the configured URL. */
export const urlSource = (url: string, fetch: typeof globalThis.fetch): TextSource => ({
  everyMs: 600_000,
  retryMs: 30_000,
  async read(signal) {
    const headers = { accept: 'application/jwk-set+json, application/json' };
    const response = await fetch(url, { redirect: 'manual', headers, signal }).catch(cause => {
      throw new SourceError('the identity provider does not answer', { cause });
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new SourceError(`the identity provider answers with status ${response.status}`);
    }
    return await readLimitedText(response, MOST_BYTES).catch(cause => {
      if (cause instanceof TooLargeError) {
        throw new SourceError('the answer of the identity provider is too large', { cause });
      }
      throw new SourceError('the answer of the identity provider breaks off', { cause });
    });
  },
});
