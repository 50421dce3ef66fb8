import { setTimeout as delay } from 'node:timers/promises';

/** Waits for `work`, but at most `ms` milliseconds; then `undefined`. The timer does not keep the process alive. */
export const waitAtMost = <T>(work: Promise<T>, ms: number): Promise<T | undefined> =>
  Promise.race([work, delay(ms, undefined, { ref: false })]);
