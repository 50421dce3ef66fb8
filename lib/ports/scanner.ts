import type { SandboxRef } from '../domain/sandbox.js';

/** A sandbox with an agent's label that runs, or may run at any moment. */
export interface Sighting extends SandboxRef {
  readonly agentId: string;
  /** Epoch milliseconds; absent if unknown. */
  readonly startedAt?: number;
  /** Name of the detector that found it; absent: it carries the agent's ID. */
  readonly detector?: string;
}

export interface ScanOptions {
  /** What was seen a few seconds ago will do. */
  readonly routine?: boolean;
}

/** The result of a scan, and why it may be incomplete. */
export interface Scan {
  readonly seen: readonly Sighting[];
  /** Why a labelled agent may run here unseen, in words that may be shown. Absent: it would have been seen. */
  readonly blind?: string;
  /** How many processes of this host this user may not read; labels on them are never seen. */
  readonly unread?: number;
}

/** Finds what runs on this host under an agent's label, whatever started it. */
export interface Scanner {
  /**
   * Everything on this host with an agent's label, as the sandbox reports it; if it does not answer, as this process
   * remembers it, and then `blind` says so.
   */
  scan(options?: ScanOptions): Promise<Scan>;
  /** Calls `onStart` for each sandbox that starts from now on. @returns ends the watch */
  watch(onStart: (sighting: Sighting) => void): () => void;
}
