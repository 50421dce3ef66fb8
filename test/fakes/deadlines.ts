import { vi } from 'vitest';

/** Turns of the event loop after which work on fakes, which wait for nothing outside, has come to its end. */
const TURNS = 50;

/**
 * Does the work with deadlines that pass only when nothing else is left to do, however busy the machine is: what can
 * be done before a deadline is done, and what hangs is given up. Not for work that waits for something outside of this
 * process, or for real time.
 */
export async function atDeadlines<T>(work: () => Promise<T>): Promise<T> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    let isDone = false;
    const done = (): void => {
      isDone = true;
    };
    const result = work();
    result.then(done, done);
    while (!isDone) {
      for (let turn = 0; turn < TURNS && !isDone; turn++) await new Promise(setImmediate);
      if (!isDone) await vi.advanceTimersToNextTimerAsync();
    }
    return await result;
  } finally {
    vi.useRealTimers();
  }
}
