import { readText } from './files.js';
import { createPortable } from './portable.js';
import { parseStat } from './stat.js';

/** What one process is at this moment. */
export interface Look {
  /** As a record has it. */
  readonly startTime: string;
  /** By a signal, so that only SIGCONT makes it go on; not by a debugger. */
  readonly isStopped: boolean;
  /** The number of that signal, where it is shown (Linux 5.19). */
  readonly stoppedBy?: number;
}

export interface LookOptions {
  readonly procRoot?: string;
  readonly platform?: NodeJS.Platform;
}

/** Fields of stat from the third on: the second, in parentheses, may hold anything. */
const STATE = 3;
/** Of a stopped process the signal, and of others something else (fs/proc/array.c of the kernel). */
const EXIT_CODE = 52;

/** Undefined if there is no such process. Rejects where `ps` does not run. */
export async function lookAt(
  pid: number,
  { procRoot = '/proc', platform = process.platform }: LookOptions = {},
): Promise<Look | undefined> {
  if (platform !== 'linux') {
    const seen = (await createPortable({ variable: '' }).snapshot('all')).get(pid);
    return seen && { startTime: seen.startTime, isStopped: seen.state === 'stopped' };
  }
  const text = readText(`${procRoot}/${pid}/stat`);
  const stat = text === undefined ? undefined : parseStat(text);
  if (text === undefined || stat === undefined) return undefined;
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const isStopped = fields[0] === 'T';
  const stoppedBy = isStopped ? Number(fields[EXIT_CODE - STATE]) : 0;
  return { startTime: stat.startTime, isStopped, ...(stoppedBy > 0 && { stoppedBy }) };
}
