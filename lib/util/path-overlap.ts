/** A requested directory and the allowed root that it lies in; both absolute and normalized. */
export interface RequestedPath {
  readonly root: string;
  readonly path: string;
}

/**
 * Normalizes an absolute path by its text alone: no empty components, dots or slash at the end. `undefined` if it is not
 * absolute.
 */
export function normalized(path: string): string | undefined {
  if (!path.startsWith('/')) return undefined;
  const names: string[] = [];
  for (const name of path.split('/')) {
    if (name === '..') names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  }
  return `/${names.join('/')}`;
}

/** A path and its ancestors, without `/`. */
function* upwards(path: string): Generator<string> {
  for (let at = path; at.length > 1; at = at.slice(0, at.lastIndexOf('/'))) yield at;
}

/**
 * An index of requested paths: finds who requested a path, one below it, or one above it. An allowed root, or a path
 * above one, is no worktree and overlaps with nothing.
 */
export function createPathOverlaps<T>(): {
  add(asked: RequestedPath, who: T): void;
  /** @param path normalized */
  of(path: string): ReadonlySet<T>;
} {
  const at = new Map<string, T[]>();
  const above = new Map<string, T[]>();
  const put = (map: Map<string, T[]>, path: string, who: T): void => {
    const there = map.get(path);
    if (there) there.push(who);
    else map.set(path, [who]);
  };
  return {
    add({ root, path }, who) {
      put(at, path, who);
      for (const each of upwards(path))
        if (each !== path && each.startsWith(`${root}/`)) put(above, each, who);
    },
    of: path =>
      new Set([...(above.get(path) ?? []), ...[...upwards(path)].flatMap(each => at.get(each) ?? [])]),
  };
}
