/** Processes a long list in chunks, one after another. Results in the order of the items. */
export async function inChunks<T, R>(
  items: readonly T[],
  size: number,
  work: (chunk: readonly T[]) => Promise<readonly R[]>,
): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += size) {
    for (const result of await work(items.slice(at, at + size))) results.push(result);
  }
  return results;
}
