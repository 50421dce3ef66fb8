import type { Proc } from './proc.js';

/**
 * Whether a cgroup with these members is a process's own: no process in it was there before, and none in it is
 * foreign. A login session or a daemon's cgroup, in which an agent was merely started, has an older member.
 */
export function isFounder(
  proc: Proc,
  pid: number,
  members: readonly number[],
  isForeign: (pid: number) => boolean,
): boolean {
  const founded = proc.startTimeOf(pid);
  if (founded === undefined || !members.includes(pid)) return false;
  return members.every(member => {
    if (member === pid) return true;
    // Of another PID namespace: nothing can be known of it.
    if (member <= 0) return false;
    const started = proc.startTimeOf(member);
    if (started === undefined) return true;
    const isLater = started > founded || (started === founded && cameAfter(proc, pid, member));
    return isLater && !isForeign(member);
  });
}

/** Within one clock tick the lower PID was given first, unless they have begun again from below meanwhile. */
const cameAfter = (proc: Proc, pid: number, member: number): boolean =>
  member > pid || descends(proc, member, pid);

function descends(proc: Proc, member: number, from: number): boolean {
  const parent = proc.parentOf(member);
  return parent === from || (parent !== undefined && parent > 1 && descends(proc, parent, from));
}
