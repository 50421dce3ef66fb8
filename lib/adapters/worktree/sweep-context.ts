import type { Clock, Log } from '../../ports/runtime.js';
import type { Sweeping } from './delete.js';
import { openRemover } from './run-rm.js';
import { openSight, type SightOptions } from './sight.js';

/** The last moment that RFC 3339 can write. */
const LAST_DATE = Date.parse('9999-12-31T23:59:59.999Z');

/** @param ms epoch milliseconds; Infinity: for ever */
export const dateOf = (ms: number): string => new Date(Math.min(ms, LAST_DATE)).toISOString();

export interface SweepingOptions extends SightOptions {
  /** How long a cleared worktree is kept, in milliseconds; Infinity: for ever. */
  readonly ttlMs: number;
  /** Whether the kill of an agent is confirmed, as far as known; absent: every one is. Does not reject. */
  readonly isConfirmed?: (agentId: string) => Promise<boolean>;
  /** Where to look for rm(1) and nice(1); the system's own directories if absent. */
  readonly toolPath?: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** What everything works with that looks into a quarantine or deletes in it. */
export function openSweeping(options: SweepingOptions): Sweeping {
  const { ttlMs, isConfirmed, clock, log } = options;
  const sight = openSight(options, { maxAgeMs: 0 });
  const remover = openRemover({ path: options.toolPath });
  let closed = false;
  return {
    // A deletion looks afresh.
    ...sight,
    remover,
    log,
    ttlMs,
    undeleted: new Map(),
    mayDelete: async name => (await isConfirmed?.(name.split('~', 1)[0] ?? '')) ?? true,
    now: clock.now,
    isClosed: () => closed,
    close() {
      closed = true;
      remover.close();
      sight.liveness.close();
    },
  };
}
