import { type Membership, pathIn } from './membership.js';
import type { CgroupMount } from './mountinfo.js';
import { contains } from './paths.js';
import type { Proc } from './proc.js';

/** Whether a cgroup would take with it what must never be killed. */
export type Guard = (mount: CgroupMount, path: string) => boolean;

/** Looks up where these processes are now; who cannot be seen cannot be guarded, but we ourselves always can. */
export function guardOf(proc: Proc, pids: readonly number[]): Guard {
  const { self } = proc;
  const own = self === undefined ? undefined : proc.membershipsOf(self);
  if (own === undefined) return () => true;
  const all: (readonly Membership[])[] = [own, ...pids.flatMap(pid => [proc.membershipsOf(pid) ?? []])];
  return (mount, path) =>
    all.some(memberships => {
      const held = pathIn(mount, memberships);
      return held !== undefined && contains(path, held);
    });
}
