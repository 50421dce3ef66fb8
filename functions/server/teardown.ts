import type { Log } from '../../lib/ports/runtime.js';

/** Something that a teardown could not end. */
export interface Left {
  readonly name: string;
  /** Why ending it failed; absent: it did not end in time. */
  readonly error?: unknown;
}

export interface Teardown {
  /** Registers how to end something, before or when it is opened. */
  add(name: string, end: () => unknown): void;
  /**
   * Ends everything, the last one registered first, also after one fails.
   * @param withinMs the deadline for all; after it the remaining ones are started but not awaited
   * @param onLeft called for each that fails or is late, before the next one is ended
   */
  run(withinMs?: number, onLeft?: (left: Left) => void): Promise<readonly Left[]>;
}

/** Logs what a teardown could not end. */
export const logLeft =
  (log: Log) =>
  ({ name, ...left }: Left): void => {
    if ('error' in left) log.error({ step: name, err: left.error }, 'a step of the shutdown failed');
    else log.error({ step: name }, 'a step of the shutdown did not end in time');
  };

const LATE = Symbol('late');

export function createTeardown(): Teardown {
  const endings: { readonly name: string; readonly end: () => unknown }[] = [];
  return {
    add: (name, end) => void endings.push({ name, end }),
    async run(withinMs, onLeft = () => undefined) {
      const left: Left[] = [];
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<typeof LATE>(resolve => {
        if (withinMs !== undefined) timer = setTimeout(resolve, withinMs, LATE);
      });
      for (let one = endings.pop(); one; one = endings.pop()) {
        const { name, end } = one;
        const ended = (async () => end())();
        const result = await Promise.race([ended, late]).then(
          value => (value === LATE ? { name } : undefined),
          (error: unknown) => ({ name, error }),
        );
        if (!result) continue;
        // It may still fail later.
        ended.catch(() => undefined);
        left.push(result);
        onLeft(result);
      }
      clearTimeout(timer);
      return left;
    },
  };
}
