import type { Clock } from '../../lib/ports.js';

/** Milliseconds; more than twice as old as a delivery may be. */
const KEPT = 15 * 60_000;
const MOST = 10_000;

/** Remembers deliveries that must not work twice, in this process. */
export function openSeen({ now }: Pick<Clock, 'now'>): { isNew(key: string): boolean } {
  const until = new Map<string, number>();
  return {
    isNew(key) {
      for (const [old, end] of until) {
        if (end > now() && until.size < MOST) break;
        until.delete(old);
      }
      if (until.has(key)) return false;
      until.set(key, now() + KEPT);
      return true;
    },
  };
}
