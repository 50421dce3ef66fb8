import type { Clock, Log } from '../../ports.js';
import type { Sweeping } from './delete.js';
import { anchorByDescriptor } from './directory.js';
import { openLiveness } from './liveness.js';
import { isMountedByDevice, openMountTable } from './mounts.js';
import { anchorByPath } from './portable.js';
import { openRemover } from './remover.js';

/** The last moment that RFC 3339 can write. */
const LAST_DATE = Date.parse('9999-12-31T23:59:59.999Z');

/** @param ms epoch milliseconds; Infinity: for ever */
export const dateOf = (ms: number): string => new Date(Math.min(ms, LAST_DATE)).toISOString();

export interface SweepingOptions {
  /** How long a cleared worktree is kept, in milliseconds. 0: it is deleted at once, in the background; Infinity: never. */
  readonly ttlMs: number;
  /** Anything but `linux` takes the portable way. */
  readonly platform?: NodeJS.Platform;
  readonly clock: Clock;
  readonly log: Log;
}

/** What everything works with that looks into a quarantine or deletes in it. */
export function openSweeping({ ttlMs, platform = process.platform, clock, log }: SweepingOptions): Sweeping {
  const onLinux = platform === 'linux';
  const remover = openRemover({ platform });
  let closed = false;
  return {
    openAnchor: onLinux ? anchorByDescriptor : anchorByPath,
    // A deletion looks afresh.
    isMounted: onLinux ? openMountTable(clock.monotonic, 0) : isMountedByDevice,
    answers: openLiveness(),
    remover,
    log,
    ttlMs,
    now: clock.now,
    isClosed: () => closed,
    close() {
      closed = true;
      remover.close();
    },
  };
}
