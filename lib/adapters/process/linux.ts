import { freezeTree } from './children.js';
import { coalesce } from './coalesce.js';
import { valuesOf } from './environ.js';
import { readBytes, readLink, readNumbers, readText, readThreads } from './files.js';
import { concealment } from './hidepid.js';
import { isElsewhere } from './namespace.js';
import { postureOf } from './posture.js';
import { exists, signalEach } from './signal.js';
import { startTimes } from './started.js';
import { parseStat, type Stat } from './stat.js';
import {
  createSnapshot,
  type HostProcess,
  type Identity,
  type ProcessTable,
  type Program,
  type Snapshot,
} from './table.js';

/** How often one look lists the processes anew, at most. */
const LISTINGS = 8;

type Environment = Pick<HostProcess, 'environment' | 'labels'>;

/** Of a process that shows nothing but its PID (`hidepid=noaccess` of proc(5)). */
const NAMELESS: Omit<HostProcess, 'pid'> = {
  ppid: 0,
  group: 0,
  session: 0,
  startTime: '',
  state: 'alive',
  kernel: false,
  environment: 'unreadable',
  labels: [],
};

export interface ProcOptions {
  readonly variable: string;
  readonly procRoot: string;
}

function programOf(exe: string, cmdline: string): Program | undefined {
  const executable = readLink(exe);
  const called = readText(cmdline)?.split('\0', 1)[0];
  return executable === undefined || called === undefined ? undefined : { executable, called };
}

/** The process table of Linux, from /proc (proc(5)). */
export function createProc({ variable, procRoot }: ProcOptions): ProcessTable {
  const pathOf = (pid: number, file: string): string => `${procRoot}/${pid}/${file}`;
  const glance = (pid: number): Stat | 'gone' | 'denied' => {
    const bytes = readBytes(pathOf(pid, 'stat'));
    return typeof bytes === 'string' ? bytes : (parseStat(bytes.toString('latin1')) ?? 'gone');
  };
  const statOf = (pid: number): Stat | undefined => {
    const stat = glance(pid);
    return typeof stat === 'string' ? undefined : stat;
  };
  const isSame = ({ pid, startTime }: Identity): boolean => statOf(pid)?.startTime === startTime;

  // When its first thread has ended, only the other threads of a process still show its environment.
  const environPath = (pid: number, { zombie }: Stat): string => {
    const threads = zombie ? readThreads(pathOf(pid, 'task')) : [];
    const other = threads.find(thread => thread !== pid);
    return pathOf(pid, other === undefined ? 'environ' : `task/${other}/environ`);
  };

  /** On its way out a process has no memory any more (ESRCH, as seen on Linux 6.18), and still is not dead. */
  const leaving = (pid: number, { startTime }: Stat): Environment | undefined => {
    const now = statOf(pid);
    if (now?.startTime !== startTime) return undefined;
    return { environment: now.state === 'dead' ? 'read' : 'nascent', labels: [] };
  };

  const environmentOf = (pid: number, stat: Stat): Environment | undefined => {
    if (stat.kernel || stat.state === 'dead') return { environment: 'read', labels: [] };
    const bytes = readBytes(environPath(pid, stat));
    if (bytes === 'gone') return leaving(pid, stat);
    if (bytes === 'denied') return { environment: 'unreadable', labels: [] };
    if (bytes.length > 0) return { environment: 'read', labels: valuesOf(bytes, variable) };
    return { environment: statOf(pid)?.bare ? 'read' : 'nascent', labels: [] };
  };

  /**
   * Given what the process was before, its environment is only read again if it may be another one: after an exec, or
   * while it was not there yet. A process that overwrote its environment since keeps the label that it was started with.
   */
  const read = (pid: number, before?: HostProcess): HostProcess | undefined => {
    const stat = glance(pid);
    if (stat === 'gone') return undefined;
    if (stat === 'denied') return { ...NAMELESS, pid };
    const { command, ppid, group, session, startTime, kernel, state, image } = stat;
    const isUnchanged = before?.startTime === startTime && before.image === image && image !== undefined;
    const seen = isUnchanged && before.environment === 'read' ? before : environmentOf(pid, stat);
    if (seen === undefined) return undefined;
    const { environment, labels } = seen;
    return { pid, command, ppid, group, session, startTime, kernel, state, environment, labels, image };
  };

  let last: Snapshot = createSnapshot([]);
  const snapshot = coalesce(fresh => {
    const seen = new Map<number, HostProcess | undefined>();
    let settled = false;
    // Who ended between the listing and the reading may have left a child that the listing does not have.
    for (let listing = 0; !settled && listing < LISTINGS; listing += 1) {
      settled = true;
      for (const pid of readNumbers(procRoot)) {
        if (seen.has(pid)) continue;
        const before = last.get(pid);
        const keep = before && before.environment !== 'nascent' && fresh !== 'all' && !fresh.has(pid);
        const now = keep ? before : read(pid, before);
        seen.set(pid, now);
        settled &&= now !== undefined && now.state !== 'dead';
      }
    }
    if (!seen.get(process.pid)) throw new Error('This process is not in the process table.');
    last = createSnapshot(
      [...seen.values()].filter(process => process !== undefined),
      settled,
    );
    return last;
  });

  return {
    snapshot,
    signal: async (processes, signal) => signalEach(processes, signal, isSame),
    freezeTree: (pid, startTime, agentId) => freezeTree({ read, statOf, pathOf }, pid, startTime, agentId),
    see: pid => read(pid),
    postures: async processes =>
      new Map(
        processes.flatMap(one => {
          const posture = isSame(one) ? postureOf(pathOf(one.pid, '')) : undefined;
          return posture ? [[one.pid, posture] as const] : [];
        }),
      ),
    startTimes: () => startTimes(procRoot),
    programOf: ({ pid }) => programOf(pathOf(pid, 'exe'), pathOf(pid, 'cmdline')),
    cgroupsOf: ({ pid }) => readText(pathOf(pid, 'cgroup')),
    concealed: () => concealment(procRoot),
    exists,
    isElsewhere: (process, snapshot) => isElsewhere(process, snapshot, procRoot),
    name: 'by /proc',
  };
}
