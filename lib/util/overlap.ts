/** Enough that neither this process nor the store idles while the other one works. */
const AT_ONCE = 3;

/**
 * Processes the items of a source in order, a few at a time, so that preparing one overlaps with the store's answer to
 * another. Work that has begun is always awaited, also after a failure.
 * @throws the first error of the source or the work
 */
export async function overlap<T>(source: AsyncIterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const begun: Promise<void>[] = [];
  try {
    for await (const item of source) {
      const one = work(item);
      // Reported when it is awaited.
      one.catch(() => undefined);
      begun.push(one);
      if (begun.length === AT_ONCE) await begun.shift();
    }
    await Promise.all(begun);
  } finally {
    await Promise.allSettled(begun);
  }
}
