/** So many that neither this process nor the store waits for the other. */
const AT_ONCE = 3;

/**
 * Works on the items of a source, begun in their order, a few at a time: what waits for the store there leaves this
 * process to prepare here. What was begun comes to its end, whatever became of the others.
 * @throws what the source or the work fails with
 */
export async function overlap<T>(source: AsyncIterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const begun: Promise<void>[] = [];
  try {
    for await (const item of source) {
      const one = work(item);
      // Told when it is waited for.
      one.catch(() => undefined);
      begun.push(one);
      if (begun.length === AT_ONCE) await begun.shift();
    }
    await Promise.all(begun);
  } finally {
    await Promise.allSettled(begun);
  }
}
