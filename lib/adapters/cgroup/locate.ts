import { guardOf } from './guard.js';
import type { CgroupMount } from './mountinfo.js';
import { type Claim, type Place, placeIn } from './place.js';
import type { Proc } from './proc.js';

export interface Host {
  readonly proc: Proc;
  /** In the order of preference. */
  readonly mounts: readonly CgroupMount[];
}

/** What may be killed for a process, and if there is nothing, why; not even that if the process went away meanwhile. */
export interface Located {
  readonly places: readonly Place[];
  readonly why?: string;
}

/** Finds the cgroup of a process in every hierarchy that is mounted. */
export function locate({ proc, mounts }: Host, pid: number, claim: Claim): Located {
  const startTime = proc.startTimeOf(pid);
  const memberships = proc.membershipsOf(pid);
  if (startTime === undefined || memberships === undefined) return { places: [] };
  const guard = guardOf(proc, proc.untouchable());
  const found = mounts.flatMap(mount => placeIn(mount, { proc, pid, memberships, claim, guard }) ?? []);
  // Another process may have got the PID while we read.
  if (proc.startTimeOf(pid) !== startTime) return { places: [] };
  const places = found.filter(result => typeof result !== 'string');
  const why = found.find(result => typeof result === 'string');
  return places.length === 0 && why !== undefined ? { places, why } : { places };
}
