import type { Config } from '../../lib/config/config.js';
import type { AuditLog } from '../../lib/ports/audit.js';
import { warn } from './output.js';

/** The URL without its user, password and query. */
const address = (url: string): string => url.replace(/\/\/.*@/, '//').replace(/\?.*$/s, '');

/** The store that a command without a server works on, in words. */
export const describeStore = ({ store, keyPrefix, stateDirectory }: Config): string =>
  store.kind === 'sqlite'
    ? `the embedded store in ${stateDirectory}`
    : `the store at ${address(store.url)}, keys ${keyPrefix}*`;

/**
 * Prints on standard error which store is used. Call the returned function after the work: it warns if the store was
 * empty before, because then it is most likely not the one that the server uses.
 */
export function announceStore(config: Config, audit: AuditLog): () => Promise<void> {
  warn(`killswitch: Using ${describeStore(config)}.`);
  const isNew = audit.last().then(
    position => position === '',
    () => false,
  );
  return async () => {
    if (await isNew) {
      warn(
        'killswitch: That store was empty: killswitch had never written to it. If the server uses another store, set KILLSWITCH_CONFIG to its configuration file, or KILLSWITCH_STATE_DIR and KILLSWITCH_STORE to its values.',
      );
    }
  };
}
