/**
 * A cgroup's path as /proc shows it: relative to the cgroup namespace that we are in, `/..` for each step above its
 * root (cgroup_namespaces(7)).
 */
interface Parts {
  readonly up: number;
  readonly names: readonly string[];
}

function partsOf(path: string): Parts {
  const all = namesOf(path);
  const first = all.findIndex(name => name !== '..');
  const up = first < 0 ? all.length : first;
  return { up, names: all.slice(up) };
}

/** The names of a path, from the outermost. */
export const namesOf = (path: string): readonly string[] => path.split('/').filter(name => name !== '');

/** Whether the one cgroup is the other, or lies above it. */
export function contains(outer: string, inner: string): boolean {
  const [above, below] = [partsOf(outer), partsOf(inner)];
  if (above.names.length === 0) return above.up >= below.up;
  return above.up === below.up && above.names.every((name, index) => name === below.names[index]);
}

/** Where a cgroup lies below the one that a mount shows as its root; undefined if it cannot be reached there. */
export function below(mountRoot: string, path: string): readonly string[] | undefined {
  const [top, cgroup] = [partsOf(mountRoot), partsOf(path)];
  // Further up, /proc does not show the names in between.
  if (top.up !== cgroup.up || !contains(mountRoot, path)) return undefined;
  return cgroup.names.slice(top.names.length);
}
