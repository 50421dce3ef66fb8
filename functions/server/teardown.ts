/** What is still there after a teardown. */
export interface Left {
  readonly name: string;
  /** Why it could not be ended; absent: it did not end in time. */
  readonly error?: unknown;
}

export interface Teardown {
  /** Registers how something ends, before or when it is opened. */
  add(name: string, end: () => unknown): void;
  /**
   * Ends everything, the last one registered first, each whatever became of the others.
   * @param withinMs after which nothing is waited for any more; what is left then is still begun
   * @param onLeft called at once for each that failed or is late, before the next one is ended
   */
  run(withinMs?: number, onLeft?: (left: Left) => void): Promise<readonly Left[]>;
}

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
        // Late ones may still fail.
        ended.catch(() => undefined);
        left.push(result);
        onLeft(result);
      }
      clearTimeout(timer);
      return left;
    },
  };
}
