import type { Sandbox } from './sandbox.js';

/** Something that carries an agent's label and runs, or may run at any moment. */
export interface Sighting {
  readonly agentId: string;
  readonly layer: Sandbox['layer'];
  /** Container ID or PID. */
  readonly id: string;
  /** Epoch milliseconds; absent where nobody can tell. */
  readonly startedAt?: number;
}

/** What a lookout saw, and what kept it from seeing more. */
export interface Sightings {
  readonly seen: readonly Sighting[];
  /** Why something with a label may run here unseen, in words that may be shown. Absent: it would have been seen. */
  readonly blind?: string;
  /** How many processes on this host this user may not read; a label on one of them is never seen. */
  readonly unread?: number;
}

/** Sees what carries an agent's label on this host, whoever started it. */
export interface Lookout {
  /**
   * All that carries a label on this host, of whichever agent. From the sandbox itself where it answers, from what
   * this process remembers of it otherwise, and then it says so in `blind`.
   */
  sightings(): Promise<Sightings>;
  /** Tells of each that starts from now on, as soon as it is known. Answers with what ends the watch. */
  watch(onStart: (sighting: Sighting) => void): () => void;
}
