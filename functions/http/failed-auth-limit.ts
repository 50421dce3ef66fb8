import type { Clock, Log } from '../../lib/ports/runtime.js';
import { networkOf } from '../../lib/util/ip-address.js';
import { throttleLog } from './throttle-log.js';

/** Failed credentials a minute and network: more than a person, or a bot with an expired token, causes. */
const MOST = 30;
const MINUTE = 60_000;
/** Networks that are remembered; beyond this the one with the oldest window is forgotten. */
const MOST_NETWORKS = 10_000;

export interface Failures {
  /**
   * Counts a failed credential.
   * @param source an address; `socket` and `local` are not counted
   * @returns the seconds until the window ends, if there were too many; otherwise `undefined`
   */
  count(source: string | undefined): number | undefined;
}

interface Window {
  readonly since: number;
  failed: number;
}

/**
 * Counts failed credentials by network. It only changes the answer to a credential that has failed: each one is
 * verified first, so failures of a neighbour never keep a valid credential out.
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
  /** Oldest first. */
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
      if (window.failed === MOST + 1) seldom.warn({ network }, 'too many credentials from one network fail');
      return Math.ceil((window.since + MINUTE - now) / 1_000);
    },
  };
}
