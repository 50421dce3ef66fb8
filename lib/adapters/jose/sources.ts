import { readFile, stat } from 'node:fs/promises';
import { KeySetError } from './key-set.js';

/** Where the text of a key set comes from, and how often to look. */
export interface KeySource {
  read(signal: AbortSignal): Promise<string>;
  /** Milliseconds from one look to the next. */
  readonly everyMs: number;
  /** Milliseconds to the next look after one that failed; also the least between looks for an unknown key. */
  readonly retryMs: number;
}

const LIMIT = 1024 * 1024;

/**
 * Reads the whole file again each second and compares the text: that sees what a rename, a write in place and a
 * swapped symbolic link (Kubernetes) leave, whatever the time stamps say.
 */
export const fileSource = (file: string): KeySource => ({
  everyMs: 1000,
  retryMs: 1000,
  async read(signal) {
    const found = await stat(file).catch(cause => {
      throw new KeySetError('the file cannot be read', { cause });
    });
    if (!found.isFile()) throw new KeySetError('it is not a regular file');
    if (found.size > LIMIT) throw new KeySetError('it is larger than 1 MiB');
    return await readFile(file, { encoding: 'utf8', signal }).catch(cause => {
      throw new KeySetError('the file cannot be read', { cause });
    });
  },
});

/** A redirect is not followed: the keys come from where the configuration says, or not at all. */
export const urlSource = (url: string, fetch: typeof globalThis.fetch): KeySource => ({
  everyMs: 600_000,
  retryMs: 30_000,
  async read(signal) {
    const headers = { accept: 'application/jwk-set+json, application/json' };
    const response = await fetch(url, { redirect: 'manual', headers, signal }).catch(cause => {
      throw new KeySetError('the identity provider does not answer', { cause });
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new KeySetError(`the identity provider answers with status ${response.status}`);
    }
    return await response.text().catch(cause => {
      throw new KeySetError('the answer of the identity provider breaks off', { cause });
    });
  },
});
