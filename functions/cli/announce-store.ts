import type { Config } from '../../lib/config/config.js';
import type { AuditLog } from '../../lib/ports/audit.js';
import { warn } from './output.js';

/** Without its password, and without the settings after it. */
const address = (url: string): string => url.replace(/\/\/.*@/, '//').replace(/\?.*$/s, '');

/** Which store a command works on that asks no server, for people. */
export const describeStore = ({ store, keyPrefix, stateDirectory }: Config): string =>
  store.kind === 'sqlite'
    ? `the embedded store in ${stateDirectory}`
    : `the store at ${address(store.url)}, keys ${keyPrefix}*`;

/**
 * Says on standard error which store it is; and, to be awaited after the work, whether nothing was ever written to it:
 * then it is another one than the server's, most likely. Asked at once, since the work itself writes to it.
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
        'killswitch: That store was empty: no killswitch has ever written to it. If a server uses another one, let KILLSWITCH_CONFIG name its configuration file, or set KILLSWITCH_STATE_DIR and KILLSWITCH_STORE as it has them.',
      );
    }
  };
}
