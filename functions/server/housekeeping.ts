import type { Log } from '../../lib/ports/runtime.js';

/** How often expired or excess entries are deleted. Milliseconds. */
const INTERVAL = 10 * 60_000;

/** Deletes expired or excess entries of the quarantine, at once and then regularly. Does not keep the process alive. */
export function startHousekeeping(expire: () => Promise<unknown>, log: Log): { close(): void } {
  const keep = (): void => {
    expire().catch((err: unknown) =>
      log.error({ err }, 'expired entries of the quarantine could not be deleted'),
    );
  };
  const timer = setInterval(keep, INTERVAL).unref();
  keep();
  return { close: () => clearInterval(timer) };
}
