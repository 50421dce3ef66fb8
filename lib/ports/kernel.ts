import type { Probe } from './runtime.js';

/**
 * The kernel's own way to the processes of a sandbox, which waits for no engine and no other process. Everything
 * but `probe` is synchronous. A key is whatever the caller names a sandbox by, such as a container's full ID.
 */
export interface Kernel extends Probe {
  /**
   * Remembers the cgroup of a container by its full ID, as which it is the key: the cgroup that this process is in, if
   * it is named after that ID, and nothing else of the process, whose PID is never signalled later.
   */
  remember(id: string, pid: number): void;
  /**
   * Looks for the cgroups that are named after these containers' full IDs, wherever they lie, and remembers them. No
   * engine is asked. Resolves to those of the IDs that are known now; does not reject.
   */
  find(ids: readonly string[]): Promise<readonly string[]>;
  /**
   * The same for a process of this host: only if it founded the cgroup that it is in, and nobody in it is foreign (the
   * caller says so, as of a process that carries another agent's ID). Whether it was learnt.
   */
  rememberOwn(key: string, pid: number, isForeign: (pid: number) => boolean): boolean;
  forget(key: string): void;
  /**
   * Sends SIGKILL to all processes of each cgroup and of those below it: to all of them before anything else is done,
   * for the first to die take the processor. Answers with those that were known and could be used.
   */
  kill(keys: readonly string[]): readonly string[];
  /** Whether a kill would reach it: it is known, and not only to be looked at. */
  reaches(key: string): boolean;
  /** PIDs that are in it and in those below it at this moment; none where it is unknown or cannot be read. */
  members(key: string): readonly number[];
  /**
   * Kills what has left the cgroups of these containers and still stands in their file systems, as a privileged one can;
   * of those that were learnt or found while something ran in them. To be called when they are empty. Resolves to the
   * IDs of which something still lives; does not reject.
   */
  sweep(ids: readonly string[]): Promise<readonly string[]>;
  /**
   * Also of one that this process may look at and not kill. `empty`: none is left, or the cgroup is gone; `unknown`: never learnt, or it cannot be read
   * here.
   */
  look(key: string): 'empty' | 'populated' | 'unknown';
}
