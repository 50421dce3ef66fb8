import type { Operations } from './operations.js';

/** For tests, the first element of `disk`: commits hang until it changes; a commit ends the thread. */
export const DISK = { hangs: 1, crashes: 2 } as const;

/** The start parameters of the store's thread. */
export interface Start {
  readonly path: string;
  readonly deadlineMs: number;
  /** In shared memory; see `DISK`. */
  readonly disk?: Int32Array | undefined;
}

/** A message to the thread: run an operation, or end. */
export type Request =
  | {
      readonly id: number;
      readonly operation: keyof Operations;
      readonly args: readonly unknown[];
      /** Wall clock of the caller, epoch milliseconds. */
      readonly now: number;
      /** See `monotonic`; an operation that has not begun by then never begins. */
      readonly giveUpAt: number;
    }
  | 'close';

/** Why an operation failed. `code`: of a KillswitchError. */
export interface Failure {
  readonly code?: 'store_unavailable';
  readonly message: string;
  readonly cause?: string;
}

/** A message from the thread: it is about to open the file, has opened it, or cannot; or the answer to a request. */
export type Answer =
  | { readonly state: 'opening' | 'open' }
  | { readonly state: 'refused'; readonly failure: Failure }
  | { readonly state: 'answered'; readonly id: number; readonly value?: unknown; readonly failure?: Failure };
