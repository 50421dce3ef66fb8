import type { AuditLog, Clock, Log, Records, Sandbox, Worktrees } from './ports.js';

/** Milliseconds. */
export interface Limits {
  /** Until the caller is answered, with what has been seen by then. The work goes on. */
  readonly respondMs: number;
  /** For seeing one agent dead, on top of its grace. */
  readonly killMs: number;
  /** For removing a container's remains, and for moving a worktree. */
  readonly cleanupMs: number;
}

export const defaultLimits: Limits = { respondMs: 5_000, killMs: 15_000, cleanupMs: 30_000 };

/** All that the core works with. Made once, at the composition root. */
export interface Core {
  readonly hostId: string;
  readonly records: Records;
  readonly audit: AuditLog;
  /** Empty: sandboxing is switched off. */
  readonly sandboxes: readonly Sandbox[];
  readonly worktrees: Worktrees;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Limits;
}

export const timestamp = (core: Pick<Core, 'clock'>): string => new Date(core.clock.now()).toISOString();
