import pLimit from 'p-limit';

/** Runs work on the disk, a few at a time. Rejects when the work has not ended by the deadline. */
export type Turns = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * What hangs keeps its turn, so that a disk which does not answer takes `atOnce` threads of the process's pool (libuv
 * has four for all files and names) and never all of them. What has not begun by the deadline does not begin; while
 * every turn is overdue, more is refused at once. What rejected at the deadline may still come to be.
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
