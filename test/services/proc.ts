import { readdirSync, readFileSync } from 'node:fs';

/** What /proc says of one process that is not a zombie. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly startTime: string;
  readonly argv: readonly string[];
}

/** One file of a process; empty once it is gone or out of reach. */
export function readOf(pid: number, file: 'stat' | 'cmdline' | 'environ' | 'cgroup' | 'status'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

/** Field 22 of a live process's stat; undefined once it is gone or a zombie. */
export function startTimeOf(pid: number): string | undefined {
  return fieldsOf(pid)?.[19];
}

/** Whether a process exists and is no zombie; with a start time, whether it is still the same one. */
export function isAlive(pid: number, startTime?: string): boolean {
  const now = startTimeOf(pid);
  return now !== undefined && (startTime === undefined || now === startTime);
}

/** Signals a process if it is still the one that had this start time. */
export function signal(pid: number, startTime: string | undefined, name: NodeJS.Signals): void {
  if (startTime === undefined || !isAlive(pid, startTime)) return;
  try {
    process.kill(pid, name);
  } catch {
    // It ended in between.
  }
}

/** Freezes a process, and comes back when each of its threads has stopped: until then it still answers. */
export function freezeAll(pid: number): void {
  process.kill(pid, 'SIGSTOP');
  const isStopped = (thread: string): boolean =>
    /\) [TZXt] /.test(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8'));
  const deadline = performance.now() + 5_000;
  while (performance.now() < deadline) {
    try {
      if (readdirSync(`/proc/${pid}/task`).every(isStopped)) return;
    } catch {
      // A thread ended in between.
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  }
  throw new Error(`Process ${pid} did not stop.`);
}

/** Every live process that this one may see. */
export function allProcesses(): ProcessEntry[] {
  return readdirSync('/proc')
    .map(Number)
    .filter(pid => pid > 0)
    .flatMap(pid => {
      const fields = fieldsOf(pid);
      const [parent, startTime] = [fields?.[1], fields?.[19]];
      if (parent === undefined || startTime === undefined) return [];
      return [{ pid, parent: Number(parent), startTime, argv: readOf(pid, 'cmdline').split('\0') }];
    });
}

/** Fields of stat from the third on: the second, a name in brackets, may hold blanks and brackets. */
function fieldsOf(pid: number): string[] | undefined {
  const stat = readOf(pid, 'stat');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return stat === '' || 'ZXx'.includes(fields[0] ?? 'X') ? undefined : fields;
}
