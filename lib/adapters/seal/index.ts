import { createHash, randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import type { HighWaterMark } from '../../ports/high-water-mark.js';
import { placeText, readText } from './files.js';

export { auditKeys, orderKeys } from './keys.js';

const KEY_BYTES = 32;

/** Of the store, without its password, which may change. Two stores never share one. */
const nameOf = (store: string): string =>
  createHash('sha256')
    .update(store.replace(/\/\/[^/@]*@/, '//'))
    .digest('hex')
    .slice(0, 16);

/**
 * What this host has seen of a store's audit, in a file of its own (mode 0600) beneath the state directory.
 * @param store its URL and what else tells it from others
 * @param of what was seen: the audit, unless told
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
 * The secret that signs the audit where none is set: in the state directory, mode 0600. Several processes may ask at
 * once, and get the same.
 * @param options.create otherwise `undefined` where there is none
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
