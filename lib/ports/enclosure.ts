import type { Probe } from './runtime.js';

/** A process, pinned by its start time where that is known, so that another one under its PID is never moved. */
export interface Pinned {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat. */
  readonly startTime?: string;
}

/** Whether an agent now has a cgroup of its own, and if not, why, in words that may be shown. */
export type Enclosing =
  | {
      readonly enclosed: true;
      /** The path of its cgroup, as /proc shows it. */
      readonly place: string;
      /** Processes that were moved; those that were inside already do not count. */
      readonly moved: number;
      /** PIDs that could not be moved: they are still outside. */
      readonly outside: readonly number[];
    }
  | { readonly enclosed: false; readonly why: string };

/**
 * Cgroups that this program makes, one for each agent: whatever a process in it starts is born in it, a daemon with a
 * cleared environment and a session of its own as well. No method throws, unless told.
 */
export interface Enclosures extends Probe {
  /**
   * Moves these processes and all their descendants into the agent's own cgroup, and looks again for what was forked
   * meanwhile, until nothing of them is outside. Limits on CPU, memory and PIDs of the cgroup that they come from stay in
   * force. Containers, other agents' cgroups, this process, its ancestors and PID 1 are left alone.
   */
  enclose(agentId: string, processes: readonly Pinned[]): Promise<Enclosing>;
  /**
   * Calls `spawn` while this very process is in the agent's cgroup, so that the child is born in it, and moves back. `spawn`
   * is called in any case and must be synchronous; what it throws is thrown.
   */
  spawnInside<T>(agentId: string, spawn: () => T): { readonly born: T; readonly enclosing: Enclosing };
  /** The agent's own cgroup; undefined if it has none. */
  find(agentId: string): Enclosure | undefined;
  /** Agents that have one here. */
  agentIds(): readonly string[];
  /**
   * Removes those in which nothing runs any more: such as were there a while ago already, also those that a drill has left;
   * with `all`, every one of this program's.
   */
  tidy(options?: { readonly all?: boolean }): void;
}

/** The cgroup of one agent. What is gone is empty. */
export interface Enclosure {
  /** As /proc shows it. */
  readonly place: string;
  /** PIDs in it and below; 0 stands for one of another PID namespace. */
  members(): readonly number[];
  /** @returns whether it was seen frozen before the deadline. If not, it stays asked to freeze. */
  freeze(deadline: AbortSignal): Promise<boolean>;
  /** @returns whether it was seen thawed before the deadline */
  thaw(deadline: AbortSignal): Promise<boolean>;
  /** Whether every process in it is seen to stand still. */
  isFrozen(): boolean;
  /** Sends SIGKILL to all in it; frozen ones die too. @returns whether it could */
  kill(): boolean;
  isEmpty(): boolean;
  /** Removes it if it is empty. @returns whether it is gone */
  remove(): boolean;
}
