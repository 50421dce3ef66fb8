/**
 * Drops members that are `undefined`, as `exactOptionalPropertyTypes` asks. In one pass: it is called several times for
 * each agent of a kill-all.
 */
export function omitUndefined<T extends object>(members: { [K in keyof T]: T[K] | undefined }): T {
  const kept: Partial<T> = {};
  for (const name of Object.keys(members) as (keyof T)[]) {
    const value = members[name];
    if (value !== undefined) kept[name] = value;
  }
  return kept as T;
}
