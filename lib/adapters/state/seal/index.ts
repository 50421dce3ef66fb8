import { createHash, randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import type { HighWaterMark } from '../../../ports/high-water-mark.js';
import { placeText, readWhole, unlessAbsent } from '../files.js';

export { auditKeys, orderKeys } from './keys.js';

const KEY_BYTES = 32;
/** Bytes of the largest file. */
const LARGEST = 262_144;

const readText = async (path: string): Promise<string | undefined> =>
  (await unlessAbsent(readWhole(path, LARGEST)))?.toString();

/** Names a store, without its password, which may change. */
const nameOf = (store: string): string =>
  createHash('sha256')
    .update(store.replace(/\/\/[^/@]*@/, '//'))
    .digest('hex')
    .slice(0, 16);

/**
 * The high-water mark of a store, in a file (mode 0600) below the state directory.
 * @param store identifies the store: its URL and key prefix
 * @param of what the mark is for: `seen` (the audit, by default) or `latch`
 */
export function createHighWaterMark({
  directory,
  store,
  of = 'seen',
}: {
  directory: string;
  store: string;
  of?: 'seen' | 'latch';
}): HighWaterMark {
  const path = resolve(directory, 'audit', `${nameOf(store)}.${of}.json`);
  return { read: () => readText(path), write: text => placeText(path, text, 'replace') };
}

/**
 * The secret that signs the audit if none is configured: a file in the state directory, mode 0600. Processes that create it
 * at the same time get the same one.
 * @param options.create make one if there is none; otherwise resolves to `undefined`
 */
export async function auditSecret({
  directory,
  create,
}: {
  directory: string;
  create: boolean;
}): Promise<string | undefined> {
  const path = join(resolve(directory), 'audit', 'key');
  const kept = await readText(path);
  if (kept !== undefined || !create) return kept;
  await placeText(path, randomBytes(KEY_BYTES).toString('base64'), 'unless there');
  return readText(path);
}
