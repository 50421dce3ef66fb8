/** Resolves after this many milliseconds, or earlier when the process is to end. */
export type Wait = (ms: number) => Promise<void>;

/** @param closing once it aborts, no wait takes any time */
export const createWait =
  (closing: AbortSignal | undefined): Wait =>
  ms =>
    new Promise(resolve => {
      const done = (): void => {
        clearTimeout(timer);
        closing?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      if (closing?.aborted) done();
      else closing?.addEventListener('abort', done);
    });

/** Milliseconds. The platforms want an answer within 3 s. */
export const ANSWER_WITHIN = 1_200;

/** The result of `work`; `undefined` if it takes longer than the answer to the platform may. The work itself goes on. */
export const inTimeForAnswer = <T>(work: Promise<T>, wait: Wait): Promise<T | undefined> =>
  Promise.race([work, wait(ANSWER_WITHIN).then(() => undefined)]);
