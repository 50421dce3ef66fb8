import { readFile, stat } from 'node:fs/promises';
import { SourceError, type TextSource } from './text-source.js';

const LIMIT = 1024 * 1024;

/**
 * Reads the whole file each second and compares the text. This detects a rename, a write in place and a swapped symbolic
 * link (Kubernetes) whatever the timestamps.
 */
export const fileSource = (file: string): TextSource => ({
  everyMs: 1000,
  retryMs: 1000,
  async read(signal) {
    const found = await stat(file).catch(cause => {
      throw new SourceError(cause.code === 'ENOENT' ? 'there is no such file' : 'the file cannot be read', {
        cause,
      });
    });
    if (!found.isFile()) throw new SourceError('it is not a regular file');
    if (found.size > LIMIT) throw new SourceError('it is larger than 1 MiB');
    return await readFile(file, { encoding: 'utf8', signal }).catch(cause => {
      throw new SourceError('the file cannot be read', { cause });
    });
  },
});
