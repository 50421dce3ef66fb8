import { setImmediate as soon } from 'node:timers/promises';

/** Lets all that ask share one look, which begins after the last of them asked: never more than one at a time. */
export function shareLooks<T>(look: () => Promise<T>): () => Promise<T> {
  let next: Promise<T> | undefined;
  let running: Promise<unknown> = Promise.resolve();
  const begin = (): Promise<T> => {
    next = undefined;
    const one = look();
    running = one.catch(() => undefined);
    return one;
  };
  return () => {
    next ??= running.then(() => soon()).then(begin);
    return next;
  };
}
