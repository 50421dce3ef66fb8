import type { Health } from '../../ports.js';

/** PID and start time together name a process for good. */
export interface Identity {
  readonly pid: number;
  /** Linux: field 22 of stat. Elsewhere: the text of `ps -o lstart`. Only ever compared for equality. */
  readonly startTime: string;
}

/** One process as it was seen at one moment. */
export interface HostProcess extends Identity {
  readonly ppid: number;
  /** PID of the leader of its process group. */
  readonly group: number;
  /** PID of the leader of its session. */
  readonly session: number;
  /** `dead`: a zombie, of which no thread runs any more. `stuck`: in uninterruptible sleep. `stopped`: by a signal. */
  readonly state: 'alive' | 'stopped' | 'stuck' | 'dead';
  readonly kernel: boolean;
  /** `nascent`: amid its exec, so that its environment cannot be seen for a moment. */
  readonly environment: 'read' | 'nascent' | 'unreadable';
  /** Values of the variable in its environment, as latin1: usually none or one. */
  readonly labels: readonly string[];
  /** Another one after each exec; undefined where that cannot be told. */
  readonly image?: string | undefined;
}

export interface Snapshot {
  readonly all: readonly HostProcess[];
  /** False if processes kept ending before they could be read: who knows whom they left behind. */
  readonly settled: boolean;
  get(pid: number): HostProcess | undefined;
  /** Processes that carry this value, to the byte. */
  labelled(agentId: string): readonly HostProcess[];
  childrenOf(pid: number): readonly HostProcess[];
  /** The session or process group led by this PID; both contain the leader. */
  sessionOf(pid: number): readonly HostProcess[];
  groupOf(pid: number): readonly HostProcess[];
}

export interface Signalled {
  readonly sent: number;
  /** Alive, but we may not signal them. */
  readonly denied: readonly HostProcess[];
}

/** What a kill needs of the operating system. Every method rejects when the processes cannot be looked at. */
export interface ProcessTable {
  /**
   * Looks after the call, never before it; calls of the same tick share one look. Given PIDs, only those, new and
   * nascent processes are certain to be read afresh: much cheaper.
   */
  snapshot(fresh: 'all' | ReadonlySet<number>): Promise<Snapshot>;
  /** Signals each process that, by a look right before, still is the same one. */
  signal(processes: readonly HostProcess[], signal: NodeJS.Signals): Promise<Signalled>;
  /** Stops (SIGSTOP) a labelled process and its descendants without looking at all others, where this can be done. */
  freezeTree(pid: number, startTime: string, agentId: string): readonly Identity[];
  /** This process as it is now, where it can be seen without looking at all others. Synchronous. */
  see(pid: number): HostProcess | undefined;
  /** Tells, by the clock as it is now, when each process started: epoch milliseconds; undefined where nobody knows. */
  startTimes(): (process: Identity) => number | undefined;
  probe(): Promise<Health>;
}

export const identity = ({ pid, startTime }: Identity): string => `${pid}/${startTime}`;

/** An agent's ID as the labels are held: latin1, one character a byte. */
export const labelOf = (agentId: string): string => Buffer.from(agentId, 'utf8').toString('latin1');

export function createSnapshot(all: readonly HostProcess[], settled = true): Snapshot {
  const byPid = new Map(all.map(process => [process.pid, process]));
  const labels = index(all, process => process.labels);
  const children = index(all, process => [process.ppid]);
  const sessions = index(all, process => [process.session]);
  const groups = index(all, process => [process.group]);
  return {
    all,
    settled,
    get: pid => byPid.get(pid),
    labelled: agentId => labels(labelOf(agentId)),
    childrenOf: children,
    sessionOf: sessions,
    groupOf: groups,
  };
}

/** Built when it is asked for the first time. */
function index<K>(
  all: readonly HostProcess[],
  keysOf: (process: HostProcess) => readonly K[],
): (key: K) => readonly HostProcess[] {
  let groups: Map<K, HostProcess[]> | undefined;
  return key => {
    groups ??= groupBy(all, keysOf);
    return groups.get(key) ?? [];
  };
}

function groupBy<K>(
  all: readonly HostProcess[],
  keysOf: (process: HostProcess) => readonly K[],
): Map<K, HostProcess[]> {
  const groups = new Map<K, HostProcess[]>();
  for (const process of all) {
    for (const key of keysOf(process)) {
      const group = groups.get(key);
      if (group) group.push(process);
      else groups.set(key, [process]);
    }
  }
  return groups;
}
