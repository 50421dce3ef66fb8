import type { ProcessPin } from './recognition.js';

/**
 * What became of a process. `dead`: killed, and seen to be gone. `gone`: it was no longer there, or its PID had been
 * given to another one. `refused`: this user may not signal it. `alive`: it was still there at the deadline.
 */
export type EndOutcome = 'dead' | 'gone' | 'refused' | 'alive';

export interface EndedProcess extends ProcessPin {
  readonly outcome: EndOutcome;
}

/** Ends single processes of this host. */
export interface Ender {
  /**
   * Sends SIGKILL to each that still is who it was, all of them before it waits for the first, until they are seen to be
   * gone. Never PID 1 or this process. Never rejects.
   */
  end(processes: readonly ProcessPin[], deadline: AbortSignal): Promise<readonly EndedProcess[]>;
}
