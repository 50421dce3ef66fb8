/** Cuts a list into parts of at most `size`; an empty list has none. */
export function chunks<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, part) =>
    list.slice(part * size, (part + 1) * size),
  );
}

/** Processes a long list in chunks, one after another. Results in the order of the items. */
export async function inChunks<T, R>(
  items: readonly T[],
  size: number,
  work: (chunk: readonly T[]) => Promise<readonly R[]>,
): Promise<R[]> {
  const results: R[] = [];
  for (const chunk of chunks(items, size)) {
    for (const result of await work(chunk)) results.push(result);
  }
  return results;
}
