import type { ProcessInfo, ProcessListing } from '../../lib/ports/process-table.js';
import type { ProcessPin } from '../../lib/ports/recognition.js';

export interface FakeProcess extends ProcessInfo {
  /** The agent that has really started it, by the PID of its main; undefined: none has. */
  readonly owner?: number;
}

/** What a new process is started with, besides what it inherits. */
export interface Spawned {
  readonly executable: string;
  readonly args?: readonly string[];
  readonly parent?: number;
  readonly environment?: Readonly<Record<string, string>>;
  /** Without anything that it would inherit. */
  readonly scrubbed?: boolean;
  /** In a session of its own. */
  readonly session?: 'own';
  readonly uid?: number;
  readonly owner?: number | undefined;
  readonly cgroup?: string;
}

export interface FakeHost {
  spawn(spawned: Spawned): number;
  /** Ends a process: its children are adopted by PID 1. */
  end(pid: number): void;
  get(pid: number): FakeProcess | undefined;
  readonly processes: readonly FakeProcess[];
  list(): Promise<ProcessListing>;
  signal(
    processes: readonly ProcessPin[],
    name: NodeJS.Signals,
  ): Promise<{ readonly sent: number; readonly denied: readonly ProcessPin[] }>;
  /** Every signal that reached a process, in their order. */
  readonly signals: readonly { readonly name: NodeJS.Signals; readonly process: FakeProcess }[];
  /** Called before each look: what goes on meanwhile. */
  onLook?: () => void;
  /** Users that this one may not signal. */
  readonly forbidden: Set<number>;
}

/** PID of the test's own process, below a shell. */
export const SELF = 3;

/** The processes of a host that exists in memory alone. */
export function createFakeHost(): FakeHost {
  const all = new Map<number, FakeProcess>();
  const signals: { name: NodeJS.Signals; process: FakeProcess }[] = [];
  let last = 0;
  const host: FakeHost = {
    forbidden: new Set(),
    signals,
    get processes() {
      return [...all.values()];
    },
    get: pid => all.get(pid),
    spawn({ executable, args, parent = 1, environment, scrubbed, session, uid, owner, cgroup }) {
      last += 1;
      const from = all.get(parent);
      const place = cgroup ?? from?.cgroup;
      all.set(last, {
        pid: last,
        startTime: String(last * 100),
        startedAt: Date.now() + last,
        parentPid: last === 1 ? 0 : parent,
        session: session === 'own' || from === undefined ? last : from.session,
        group: session === 'own' || from === undefined ? last : from.group,
        uid: uid ?? from?.uid ?? 1_000,
        executable,
        args: args ?? [executable],
        environment: { ...(scrubbed ? {} : from?.environment), ...environment },
        isReadable: true,
        memoryBytes: 1,
        cpuMs: 1,
        state: 'alive',
        ...(owner !== undefined && { owner }),
        ...(place !== undefined && { cgroup: place }),
      });
      return last;
    },
    end(pid) {
      all.delete(pid);
      for (const one of all.values()) if (one.parentPid === pid) all.set(one.pid, { ...one, parentPid: 1 });
    },
    async list() {
      host.onLook?.();
      return { processes: host.processes, unread: 0, self: SELF, bootId: 'boot' };
    },
    async signal(processes, name) {
      const denied: ProcessPin[] = [];
      let sent = 0;
      for (const { pid, startTime } of processes) {
        const process = all.get(pid);
        if (process === undefined || process.startTime !== startTime) continue;
        if (host.forbidden.has(process.uid)) {
          denied.push({ pid, startTime });
          continue;
        }
        signals.push({ name, process });
        sent += 1;
        if (name === 'SIGKILL') host.end(pid);
        else if (name !== 'SIGTERM')
          all.set(pid, { ...process, state: name === 'SIGSTOP' ? 'stopped' : 'alive' });
      }
      return { sent, denied };
    },
  };
  host.spawn({ executable: '/usr/lib/systemd/systemd', uid: 0 });
  host.spawn({ executable: '/usr/bin/bash', args: ['-bash'], session: 'own' });
  host.spawn({ executable: '/usr/bin/node', args: ['node', 'killswitch'], parent: 2 });
  return host;
}
