import { readdirSync, readFileSync } from 'node:fs';

/** A process, told apart from a later one with the same PID by its start time, where /proc has it. */
export interface ProcessMark {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat, proc_pid_stat(5); absent where there is no /proc. */
  readonly startTime?: string;
}

const isLinux = process.platform === 'linux';

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/** From the third field on: the second, a name in brackets, may hold blanks and brackets. */
function fieldsOf(pid: number): readonly string[] {
  const stat = read(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return 'ZX'.includes(fields[0] || 'X') ? [] : fields;
}

export function markOf(pid: number): ProcessMark {
  const startTime = fieldsOf(pid)[19];
  return { pid, ...(startTime !== undefined && { startTime }) };
}

export function isAlive({ pid, startTime }: ProcessMark): boolean {
  if (isLinux) return startTime !== undefined && fieldsOf(pid)[19] === startTime;
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function find(file: 'cgroup' | 'environ', part: string): ProcessMark[] {
  if (!isLinux) return [];
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && read(`/proc/${name}/${file}`).includes(part))
    .map(pid => markOf(Number(pid)))
    .filter(isAlive);
}

/** Live processes whose cgroup names the container; none where the engine's processes are not seen from here. */
export const processesOf = (containerId: string): ProcessMark[] => find('cgroup', containerId);

/** Live processes that carry this variable with this value. */
export const processesWith = (variable: string, value: string): ProcessMark[] =>
  find('environ', `${variable}=${value}\0`);
