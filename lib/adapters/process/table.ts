/** PID and start time together name a process for good. */
export interface Identity {
  readonly pid: number;
  /** Linux: field 22 of stat. Elsewhere: the text of `ps -o lstart`. Empty where it may not be read. */
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
  /**
   * `nascent`: in the middle of its exec, so that its environment cannot be seen for a moment. `unreadable`: not by this user, be it
   * another user's process, one that made itself undumpable (prctl(2)), or one of which nothing but its PID is shown.
   */
  readonly environment: 'read' | 'nascent' | 'unreadable';
  /** Values of the variable in its environment, as latin1: usually none or one. */
  readonly labels: readonly string[];
  /** Name of its command, which it may change itself; undefined where it is not shown. */
  readonly command?: string | undefined;
  /** Another one after each exec; undefined where that cannot be told. */
  readonly image?: string | undefined;
}

/** What a process runs. */
export interface Program {
  /** Path of the executable file. */
  readonly executable: string;
  /** How it was called: the first argument. */
  readonly called: string;
}

/** How a process is held, besides what a snapshot shows. */
export interface Posture {
  /** Whether it has a controlling terminal: whatever reads from that may stop it, and a shell or a multiplexer continue it. */
  readonly interactive: boolean;
  /** Whether every thread of it is stopped by a signal. */
  readonly still: boolean;
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
  readonly denied: readonly Identity[];
}

/** What a kill needs of the operating system. Every method rejects when the processes cannot be looked at. */
export interface ProcessTable {
  /**
   * Looks after the call, never before it; calls of the same tick share one look. Given PIDs, only those, new and
   * nascent processes are certain to be read afresh: much cheaper.
   */
  snapshot(fresh: 'all' | ReadonlySet<number>): Promise<Snapshot>;
  /** Signals each process that, by a look right before, still is the same one. */
  signal(processes: readonly Identity[], signal: NodeJS.Signals): Promise<Signalled>;
  /** Stops (SIGSTOP) a labelled process and its descendants without looking at all others, where this can be done. */
  freezeTree(pid: number, startTime: string, agentId: string): readonly Identity[];
  /** This process as it is now, where it can be seen without looking at all others. Synchronous. */
  see(pid: number): HostProcess | undefined;
  /** When each process started by the current clock, in epoch milliseconds; `undefined` if unknown. */
  startTimes(): (process: Identity) => number | undefined;
  /** Why processes may run here that are not listed at all, in words that may be shown; undefined if all are. */
  concealed(): string | undefined;
  /** Whether some process or thread has this PID, listed or not. */
  exists(pid: number): boolean;
  /** Whether this process, which is not listed, cannot have been of the PID namespace that is listed. */
  isElsewhere(process: Identity, snapshot: Snapshot): boolean;
  /** By PID; those that are gone are left out. */
  postures(processes: readonly HostProcess[]): Promise<ReadonlyMap<number, Posture>>;
  /** What it runs, where that can be seen. Synchronous. */
  programOf(process: HostProcess): Program | undefined;
  /** Its cgroups, as a text that is another one in other cgroups; undefined where there are none. Synchronous. */
  cgroupsOf(process: HostProcess): string | undefined;
  /** How the processes are looked at, in words that may be shown. */
  readonly name: string;
}

/** How many live processes may not be read that could be an agent's, which neither PID 1 nor a kernel thread can. */
export const countUnread = ({ all }: Snapshot): number =>
  all.filter(
    ({ pid, state, kernel, environment }) =>
      pid > 1 && state !== 'dead' && !kernel && environment === 'unreadable',
  ).length;

export const identity = ({ pid, startTime }: Identity): string => `${pid}/${startTime}`;

/** Whether the one started before the other: within one clock tick, the lower PID was given first. */
export function isOlder(one: Identity, other: Identity): boolean {
  const [first, second] = [one, other].map(({ startTime }) =>
    /^\d+$/.test(startTime) ? Number(startTime) : Date.parse(`${startTime} UTC`),
  );
  if (first === undefined || second === undefined || first === second) return one.pid < other.pid;
  return first < second;
}

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
