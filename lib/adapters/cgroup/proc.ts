import { readFileSync, readlinkSync } from 'node:fs';
import { ifPossible } from './files.js';
import { type Membership, parseMemberships } from './membership.js';

/** What is asked of proc(5). */
export interface Proc {
  /** Our own PID as the table shows it, which is another one if it is of another PID namespace; undefined without a table. */
  readonly self: number | undefined;
  /** Field 22 of stat, clock ticks since boot; undefined once the process is gone. */
  startTimeOf(pid: number): number | undefined;
  /** Undefined once the process is gone. */
  parentOf(pid: number): number | undefined;
  /** Whether it has ended and only waits for its parent to hear of it. */
  isZombie(pid: number): boolean;
  /** Undefined if the process is gone or hidden. */
  membershipsOf(pid: number): readonly Membership[] | undefined;
  /** We ourselves, our ancestors and PID 1. */
  untouchable(): readonly number[];
}

export function createProc(procRoot: string): Proc {
  const read = (pid: number, file: string): string | undefined =>
    ifPossible(() => readFileSync(`${procRoot}/${pid}/${file}`, 'utf8'));
  // The second field may hold blanks and parentheses; the last parenthesis ends it.
  const textOf = (pid: number, number: number): string | undefined => {
    const stat = read(pid, 'stat');
    return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[number - 3];
  };
  const field = (pid: number, number: number): number | undefined => {
    const text = textOf(pid, number);
    return text === undefined || !/^\d+$/.test(text) ? undefined : Number(text);
  };
  const parentOf = (pid: number): number | undefined => field(pid, 4);
  const self = ifPossible(() => Number(readlinkSync(`${procRoot}/self`)));

  return {
    self,
    startTimeOf: pid => field(pid, 22),
    parentOf,
    isZombie: pid => ['Z', 'X'].includes(textOf(pid, 3) ?? 'X'),
    membershipsOf(pid) {
      const text = read(pid, 'cgroup');
      return text === undefined ? undefined : parseMemberships(text);
    },
    untouchable() {
      const pids = new Set([1]);
      for (let pid = self; pid !== undefined && pid > 0 && !pids.has(pid); pid = parentOf(pid)) pids.add(pid);
      return [...pids];
    },
  };
}
