import { readLink, readText } from './files.js';
import type { Identity, Snapshot } from './table.js';

/** `PROC_PID_INIT_INO` of the kernel's proc_ns.h: the PID namespace in which every process of the machine is seen. */
const WHOLE_MACHINE = 'pid:[4026531836]';
/** Clock ticks by which two processes may have got PID and start time in another order. */
const TOLERANCE = 10;

/**
 * Whether a process that a record names by PID and start time cannot have been of our PID namespace. That holds no
 * more than what runs in this container, and the record may be of a process of the host. PIDs are given in turn, so
 * that one which is out of turn among those here was given elsewhere.
 */
export function isElsewhere({ pid, startTime }: Identity, snapshot: Snapshot, procRoot: string): boolean {
  // Where it cannot be told, the machine is taken for seen.
  if ((readLink(`${procRoot}/self/ns/pid`) ?? WHOLE_MACHINE) === WHOLE_MACHINE) return false;
  const last = Number(readText(`${procRoot}/loadavg`)?.trim().split(' ')[4]);
  const here = snapshot.all.flatMap(one => (one.startTime === '' ? [] : [[one.pid, Number(one.startTime)]]));
  const isLater = (one: number, other: number): boolean => one - other > TOLERANCE;
  const sorted = here.toSorted(([one = 0], [other = 0]) => one - other);
  const inTurn = sorted.every(
    ([one = 0, at = 0], index) => one <= last && !isLater(sorted[index - 1]?.[1] ?? 0, at),
  );
  // They have begun again from below, so that nothing can be told.
  if (!inTurn) return false;
  const at = Number(startTime);
  return (
    pid > last ||
    sorted.some(([one = 0, started = 0]) =>
      one < pid ? isLater(started, at) : one > pid && isLater(at, started),
    )
  );
}
