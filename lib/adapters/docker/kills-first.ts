/** Lets what can wait come after what cannot. */
export interface KillPriority {
  /** Hands on `work`, before which nothing else is to begin. */
  first<T>(work: Promise<T>): Promise<T>;
  /** Resolves when all that was urgent at the moment of the call has settled. */
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
