import { statSync } from 'node:fs';
import { setImmediate as soon } from 'node:timers/promises';
import type { ProcessInfo, ProcessListing, ProcessTable } from '../../ports/process-table.js';
import { omitUndefined } from '../../util/omit-undefined.js';
import { readBytes, readLink, readNumbers, readText } from './files.js';
import { concealment } from './hidepid.js';
import { startTimes } from './started.js';
import { parseStat, type Stat } from './stat.js';

/** How long it reads before others in this process have their turn, in milliseconds. */
const SLICE = 20;
const TICK_MS = 10;
/** Of an executable that was replaced while it runs, as by an update. */
const DELETED = / \(deleted\)$/;
/** `AT_PAGESZ` of getauxval(3). */
const PAGE_SIZE = 6n;

/** Shows the processes of Linux, from /proc alone (proc(5)): no process is started, and none is stopped or traced. */
export function createHostTable({ procRoot = '/proc' }: { readonly procRoot?: string } = {}): ProcessTable {
  const pageBytes = pageSize(procRoot);
  return {
    async list(variables) {
      const wanted = new Set(variables);
      const startedAt = startTimes(procRoot);
      const processes: ProcessInfo[] = [];
      let unread = 0;
      let since = performance.now();
      for (const pid of readNumbers(procRoot)) {
        if (performance.now() - since > SLICE) {
          await soon();
          since = performance.now();
        }
        const folder = `${procRoot}/${pid}`;
        const stat = statOf(folder);
        if (stat === 'denied') unread += 1;
        if (typeof stat === 'string' || stat.kernel || stat.zombie) continue;
        const process = { pid, stat, startedAt: startedAt({ pid, startTime: stat.startTime }) };
        const read = readProcess(folder, process, { wanted, pageBytes });
        if (read === undefined) continue;
        // Nothing can hide in PID 1, which is never an agent.
        if (!read.isReadable && pid > 1) unread += 1;
        processes.push(read);
      }
      return omitUndefined<ProcessListing>({
        ...{ processes, unread, self: process.pid },
        hidden: concealment(procRoot),
        bootId: readText(`${procRoot}/sys/kernel/random/boot_id`)?.trim() || undefined,
      });
    },
  };
}

function statOf(folder: string): Stat | 'gone' | 'denied' {
  const bytes = readBytes(`${folder}/stat`);
  return typeof bytes === 'string' ? bytes : (parseStat(bytes.toString('latin1')) ?? 'gone');
}

interface Seen {
  readonly pid: number;
  readonly stat: Stat;
  readonly startedAt: number | undefined;
}

/** `undefined`: it ended meanwhile. */
function readProcess(
  folder: string,
  { pid, stat, startedAt }: Seen,
  { wanted, pageBytes }: { readonly wanted: ReadonlySet<string>; readonly pageBytes: number },
): ProcessInfo | undefined {
  const uid = statSync(folder, { throwIfNoEntry: false })?.uid;
  const environ = readBytes(`${folder}/environ`);
  if (uid === undefined || environ === 'gone') return undefined;
  // The buffer of the environment is used again by the next read.
  const environment = typeof environ === 'string' ? {} : pick(environ.toString('utf8'), wanted);
  const executable = readLink(`${folder}/exe`);
  const args = readBytes(`${folder}/cmdline`);
  return omitUndefined<ProcessInfo>({
    pid,
    startTime: stat.startTime,
    startedAt,
    parentPid: stat.ppid,
    session: stat.session,
    group: stat.group,
    uid,
    terminal: stat.terminal === 0 ? undefined : String(stat.terminal),
    executable: executable?.replace(DELETED, ''),
    args: typeof args === 'string' ? [] : argumentsIn(args.toString('utf8')),
    workingDirectory: readLink(`${folder}/cwd`),
    environment,
    isReadable: environ !== 'denied' && executable !== undefined,
    cgroup: cgroupIn(readText(`${folder}/cgroup`) ?? ''),
    memoryBytes: stat.pages * pageBytes,
    cpuMs: stat.ticks * TICK_MS,
    state: stat.state === 'dead' ? 'alive' : stat.state,
  });
}

/** Each ends with NUL, unless the process wrote a title of its own over them. */
const argumentsIn = (text: string): string[] => text.replace(/\0+$/, '').split('\0');

function pick(environ: string, wanted: ReadonlySet<string>): Record<string, string> {
  const picked = new Map<string, string>();
  for (const entry of environ.split('\0')) {
    const end = entry.indexOf('=');
    const name = entry.slice(0, end);
    if (end > 0 && wanted.has(name) && !picked.has(name)) picked.set(name, entry.slice(end + 1));
  }
  return Object.fromEntries(picked);
}

/** Lines are `number:controllers:path`; that of version 2 is `0::path` (cgroups(7)). */
function cgroupIn(text: string): string | undefined {
  const freezer = /^\d+:(?:[^:\n]*,)?freezer(?:,[^:\n]*)?:(\/.+)$/m.exec(text)?.[1];
  return freezer ?? /^0::(\/.*)$/m.exec(text)?.[1];
}

/** The auxiliary vector has pairs of words of the machine's size; all that Node runs on here have 8 bytes. */
function pageSize(procRoot: string): number {
  const vector = readBytes(`${procRoot}/self/auxv`);
  if (typeof vector === 'string') return 4096;
  for (let at = 0; at + 16 <= vector.length; at += 16) {
    if (vector.readBigUInt64LE(at) === PAGE_SIZE) return Number(vector.readBigUInt64LE(at + 8));
  }
  return 4096;
}
