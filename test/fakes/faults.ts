import { setTimeout as delay } from 'node:timers/promises';
import { KillswitchError } from '../../lib/domain/errors.js';

/** By name: what each method answers. */
type Answers = object;
type Name<A extends Answers> = keyof A & string;
type Work<T> = () => T;
type Fault<T> = (work: Work<T>) => Promise<T>;

/** Faults by method. Each lasts for `times` calls, for ever if not given; a later one replaces an earlier one. */
export interface Faults<A extends Answers> {
  /** Rejects, and nothing was done. Default: `store_unavailable`. */
  fail(method: Name<A>, options?: { error?: Error; times?: number }): void;
  /** Never answers, and nothing was done. */
  hang(method: Name<A>, options?: { times?: number }): void;
  /** Does it and answers only after these milliseconds, or when the promise settles. */
  late(method: Name<A>, until: number | Promise<unknown>, options?: { times?: number }): void;
  /** Does it twice and gives the second answer, like a command that was sent again after a reconnect. */
  duplicate(method: Name<A>, options?: { times?: number }): void;
  /** Answers this. The work is done only if `answer` calls `truth`. Throwing after that is a lost answer. */
  lie<M extends Name<A>>(method: M, answer: (truth: Work<A[M]>) => A[M], options?: { times?: number }): void;
  /** Ends the faults of one method, or all. What hangs goes on hanging. */
  heal(method?: Name<A>): void;
}

/** Hooks for a fake: `faults` for the test, `through` around each method of the fake. */
export function faulty<A extends Answers>(): {
  faults: Faults<A>;
  through<M extends Name<A>>(method: M, work: Work<A[M]>): Promise<A[M]>;
} {
  const active = new Map<string, { fault: Fault<unknown>; left: number }>();
  const inject = <M extends Name<A>>(
    method: M,
    fault: Fault<A[M]>,
    times = Number.POSITIVE_INFINITY,
  ): void => {
    active.set(method, { fault: fault as Fault<unknown>, left: times });
  };
  return {
    faults: {
      fail: (method, { error = new KillswitchError('store_unavailable'), times } = {}) =>
        inject(method, () => Promise.reject(error), times),
      hang: (method, { times } = {}) => inject(method, () => new Promise(() => {}), times),
      late: (method, until, { times } = {}) =>
        inject(
          method,
          async work => {
            await (typeof until === 'number' ? delay(until) : Promise.allSettled([until]));
            return work();
          },
          times,
        ),
      duplicate: (method, { times } = {}) =>
        inject(
          method,
          async work => {
            work();
            return work();
          },
          times,
        ),
      lie: (method, answer, { times } = {}) => inject(method, async work => answer(work), times),
      heal: method => (method === undefined ? active.clear() : void active.delete(method)),
    },
    async through(method, work) {
      const injected = active.get(method);
      if (injected === undefined || injected.left <= 0) return work();
      injected.left--;
      return (injected.fault as Fault<A[typeof method]>)(work);
    },
  };
}
