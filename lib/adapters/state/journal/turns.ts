import pLimit from 'p-limit';

/** Runs disk work, a few at a time. Rejects if the work has not ended by the deadline. */
export type Turns = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * Hanging work keeps its turn, so that a disk that does not answer blocks `atOnce` threads of the process's pool (libuv
 * has four for all file and DNS work) and never all of them. Work that has not begun by the deadline does not begin; while
 * every turn is overdue, new work is refused at once. Work that rejected at the deadline may still take effect.
 */
export function createTurns({ atOnce, deadlineMs }: { atOnce: number; deadlineMs: number }): Turns {
  const limit = pLimit(atOnce);
  let overdue = 0;

  return work => {
    const late = new Error('The disk does not answer.');
    if (overdue >= atOnce) return Promise.reject(late);
    return new Promise((resolve, reject) => {
      let state: 'waits' | 'runs' | 'over' = 'waits';
      const timer = setTimeout(() => {
        if (state === 'runs') overdue++;
        state = 'over';
        reject(late);
      }, deadlineMs);
      void limit(async () => {
        if (state === 'over') return;
        state = 'runs';
        try {
          resolve(await work());
        } catch (error) {
          reject(error);
        }
        if ((state as string) === 'over') overdue--;
        state = 'over';
        clearTimeout(timer);
      });
    });
  };
}
