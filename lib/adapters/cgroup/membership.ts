import type { CgroupMount } from './mountinfo.js';

/** In which cgroup of one hierarchy a process is. */
export interface Membership {
  /** Empty for version 2. */
  readonly controllers: readonly string[];
  readonly path: string;
}

/** Reads the text of /proc/PID/cgroup: a line `ID:controllers:path` for each hierarchy (cgroups(7)). */
export function parseMemberships(text: string): readonly Membership[] {
  return text.split('\n').flatMap(line => {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) return [];
    return { controllers: controllers === '' ? [] : controllers.split(','), path };
  });
}

/** The path of a process in the hierarchy that is mounted there. */
export function pathIn(mount: CgroupMount, memberships: readonly Membership[]): string | undefined {
  return memberships.find(({ controllers }) =>
    mount.version === 2
      ? controllers.length === 0
      : controllers.length > 0 && controllers.every(name => mount.controllers.includes(name)),
  )?.path;
}
