import type { Operations } from './operations.js';

/** For tests, the first element of `disk`: no commit ends until that changes; a commit ends the thread. */
export const DISK = { hangs: 1, crashes: 2 } as const;

/** What the thread of the store is started with. */
export interface Start {
  readonly path: string;
  readonly deadlineMs: number;
  /** In shared memory; see `DISK`. */
  readonly disk?: Int32Array | undefined;
}

/** To the thread: do this, or end. */
export type Request =
  | {
      readonly id: number;
      readonly operation: keyof Operations;
      readonly args: readonly unknown[];
      /** Wall clock of the caller, epoch milliseconds. */
      readonly now: number;
      /** See `monotonic`; what is not begun by then is not begun at all. */
      readonly giveUpAt: number;
    }
  | 'close';

/** Why something was not done. `code`: of a KillswitchError. */
export interface Failure {
  readonly code?: 'store_unavailable';
  readonly message: string;
  readonly cause?: string;
}

/** From the thread: it is about to open the file, has opened it, cannot; or what became of a request. */
export type Answer =
  | { readonly state: 'opening' | 'open' }
  | { readonly state: 'refused'; readonly failure: Failure }
  | { readonly state: 'answered'; readonly id: number; readonly value?: unknown; readonly failure?: Failure };
