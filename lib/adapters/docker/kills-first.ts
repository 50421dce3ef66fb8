/** Lets removals wait until the kills under way have ended. */
export interface KillPriority {
  /** Returns `work`, a kill that removals have to wait for. */
  first<T>(work: Promise<T>): Promise<T>;
  /** Resolves when the kills that were under way at the call have settled. */
  passed(): Promise<unknown>;
}

export function createKillPriority(): KillPriority {
  const urgent = new Set<Promise<unknown>>();
  return {
    first(work) {
      const settled = work.then(
        () => undefined,
        () => undefined,
      );
      urgent.add(settled);
      void settled.then(() => urgent.delete(settled));
      return work;
    },
    passed: () => Promise.all(urgent),
  };
}
