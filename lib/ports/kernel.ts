import type { Probe } from './runtime.js';

/**
 * Kills the processes of a sandbox through its cgroup, without waiting for an engine or another process. A key is the
 * caller's name for a sandbox, such as a container's full ID.
 */
export interface Kernel extends Probe {
  /**
   * Remembers the cgroup of a container, with its full ID as the key: the cgroup of this process, if it is named after
   * that ID. The PID itself is not kept and never signalled later.
   */
  remember(id: string, pid: number): void;
  /**
   * Searches the cgroup tree for cgroups named after these containers' full IDs, and remembers them. Asks no engine.
   * Resolves to the IDs that are known now; never rejects.
   */
  find(ids: readonly string[]): Promise<readonly string[]>;
  /**
   * Remembers the cgroup of a host process, if that process founded it and no process in it is foreign, such as one with
   * another agent's ID. @returns whether it was remembered
   */
  rememberOwn(key: string, pid: number, isForeign: (pid: number) => boolean): boolean;
  forget(key: string): void;
  /**
   * Has something that is empty pass for the cgroup of this key, so that a kill of it runs the code of a real one and
   * reaches no process. @returns what takes it away again @throws as the file system does
   */
  rehearse?(key: string): () => void;
  /**
   * Sends SIGKILL to all processes of each cgroup and those below it, for all keys before anything else is done, because
   * exiting processes take up the processor. Returns the keys that were known and could be killed.
   */
  kill(keys: readonly string[]): readonly string[];
  /** Whether a kill would work: the cgroup is known and writable. */
  reaches(key: string): boolean;
  /** PIDs in it and in those below it now; none if it is unknown or cannot be read. */
  members(key: string): readonly number[];
  /**
   * Kills processes that left the cgroups of these containers but still use their file systems, as privileged ones can;
   * only for containers that were remembered while something ran in them. Call it once the cgroups are empty. Resolves to
   * the IDs of which something still runs; never rejects.
   */
  sweep(ids: readonly string[]): Promise<readonly string[]>;
  /**
   * Also works for a cgroup that this process may only read. `empty`: no process is left, or the cgroup is gone;
   * `unknown`: never remembered, or not readable here.
   */
  look(key: string): 'empty' | 'populated' | 'unknown';
  /**
   * Freezes each cgroup with all below it, beginning with all of them at once. Resolves to the keys that were seen frozen
   * before the deadline; one that was not stays asked to freeze. Never rejects.
   */
  freeze(keys: readonly string[], deadline: AbortSignal): Promise<readonly string[]>;
  /** The other way round: resolves to the keys that were seen to run. Never rejects. */
  thaw(keys: readonly string[], deadline: AbortSignal): Promise<readonly string[]>;
  /** Whether all processes in it are seen to stand still, whatever froze them; undefined if that is unknown. */
  isFrozen(key: string): boolean | undefined;
}
