import type { KeyRing } from '../../lib/ports/keys.js';
import type { Log } from '../../lib/ports/runtime.js';
import type { Seals } from './wired.js';

/** `undefined` if there is no key: then records of this process count as unverified later. A stop does not need a key. */
export async function openOrderKeys(
  openSeals: () => Promise<Seals>,
  { create, log }: { readonly create: boolean; readonly log: Log },
): Promise<KeyRing | undefined> {
  try {
    return await (await openSeals()).openOrderKeys();
  } catch (err) {
    // A warning only from a server: a command may well have no key.
    if (create) log.warn({ err }, 'orders are not signed, so another process will treat them as unverified');
    return undefined;
  }
}
