/** One process of this host as it was seen at one moment. All texts in it are untrusted: its owner wrote them. */
export interface ProcessInfo {
  readonly pid: number;
  /** Linux: field 22 of /proc/PID/stat. Elsewhere: the text of `ps -o lstart`. With the PID it names a process. */
  readonly startTime: string;
  /** Epoch milliseconds, by the current clock. */
  readonly startedAt?: number;
  readonly parentPid: number;
  /** PID of the leader of its session; 0 where it is not known. */
  readonly session: number;
  /** PID of the leader of its process group. */
  readonly group: number;
  readonly uid: number;
  /** Its controlling terminal, as a text that is another one for another terminal; absent: it has none. */
  readonly terminal?: string;
  /** Path of the executable file, without ` (deleted)`; absent where this user may not read it. */
  readonly executable?: string;
  /** From the name it was called by on; empty where they are not shown. */
  readonly args: readonly string[];
  readonly workingDirectory?: string;
  /** Of its environment only the variables that were asked for. Where one is there twice, the first counts. */
  readonly environment: Readonly<Record<string, string>>;
  /** Whether its environment could be read. */
  readonly isReadable: boolean;
  /** Its cgroup: of v2 the path; of v1 that of the freezer. Absent where there are none. */
  readonly cgroup?: string;
  readonly memoryBytes: number;
  /** Processor time that it has used. */
  readonly cpuMs: number;
  /** `stopped`: by a signal. `stuck`: in uninterruptible sleep. The dead, zombies, are not listed. */
  readonly state: 'alive' | 'stopped' | 'stuck';
}

/** The processes of this host at one moment: without kernel threads and zombies. */
export interface ProcessListing {
  readonly processes: readonly ProcessInfo[];
  /** How many of them this user may not read: what they run is not known. */
  readonly unread: number;
  /** Why there may be processes that are not listed at all, in words that may be shown. */
  readonly hidden?: string;
  /** PID of this process. */
  readonly self: number;
  /** Of this boot of the machine (`/proc/sys/kernel/random/boot_id`): PIDs mean nothing under another one. */
  readonly bootId?: string;
}

/** Shows the processes of this host. */
export interface ProcessTable {
  /**
   * Looks at all processes after the call.
   * @param variables names of the environment variables to keep
   * @throws Error when the processes cannot be looked at
   */
  list(variables: readonly string[]): Promise<ProcessListing>;
}
