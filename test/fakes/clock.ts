import type { Clock } from '../../lib/ports/runtime.js';

export interface FakeClock extends Clock {
  /** Moves both halves on. */
  advance(milliseconds: number): void;
}

/** A clock that stands still until it is moved. */
export function fakeClock(start = Date.UTC(2026, 10, 22, 10)): FakeClock {
  let elapsed = 0;
  return {
    now: () => start + elapsed,
    monotonic: () => elapsed,
    advance(milliseconds) {
      elapsed += milliseconds;
    },
  };
}
