import type { Clock, Log } from '../../lib/ports/runtime.js';
import { networkOf } from '../../lib/util/ip-address.js';
import { throttleLog } from './throttle-log.js';

/** Credentials that fail, a minute and network: more than a person or a bot with an old token comes to. */
const MOST = 30;
const MINUTE = 60_000;
/** Networks that are remembered; beyond it the one that began first is forgotten. */
const MOST_NETWORKS = 10_000;

export interface Failures {
  /**
   * Counts a credential that failed.
   * @param source an address; whoever may open the unix socket, or is in this process, is not counted
   * @returns the seconds until the next one counts as the first, once there were too many; otherwise nothing
   */
  count(source: string | undefined): number | undefined;
}

interface Window {
  readonly since: number;
  failed: number;
}

/**
 * Counts failed credentials by where they come from. It only says what a credential that *has* failed is told: each is
 * verified first, so that one that holds is never kept out by its neighbours' failures.
 */
export function openFailures({
  clock,
  log,
  mostNetworks = MOST_NETWORKS,
}: {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly log: Log;
  readonly mostNetworks?: number;
}): Failures {
  const seldom = throttleLog(log, { now: () => clock.monotonic() });
  /** In the order in which they began. */
  const windows = new Map<string, Window>();

  function windowOf(network: string, now: number): Window {
    const known = windows.get(network);
    if (known && now - known.since < MINUTE) return known;
    const begun = { since: now, failed: 0 };
    windows.delete(network);
    windows.set(network, begun);
    const [oldest = network] = windows.keys();
    if (windows.size > mostNetworks) windows.delete(oldest);
    return begun;
  }

  return {
    count(source) {
      if (source === undefined || source === 'socket' || source === 'local') return undefined;
      const now = clock.monotonic();
      const network = networkOf(source);
      const window = windowOf(network, now);
      window.failed++;
      if (window.failed <= MOST) return undefined;
      if (window.failed === MOST + 1) seldom.warn({ network }, 'too many credentials fail from one network');
      return Math.ceil((window.since + MINUTE - now) / 1_000);
    },
  };
}
