import type { Log } from '../../lib/ports/runtime.js';

/** How often what has been kept long enough, or is too much, is deleted. Milliseconds. */
const INTERVAL = 10 * 60_000;

/** Keeps the quarantine in its bounds, at once and then now and again. Keeps no process alive. */
export function startHousekeeping(expire: () => Promise<unknown>, log: Log): { close(): void } {
  const keep = (): void => {
    expire().catch((err: unknown) => log.error({ err }, 'the quarantine was not emptied'));
  };
  const timer = setInterval(keep, INTERVAL).unref();
  keep();
  return { close: () => clearInterval(timer) };
}
