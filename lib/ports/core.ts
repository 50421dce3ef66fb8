import type { Agent } from '../domain/agent.js';
import type { Presence } from '../domain/presence.js';
import type { RecentKills } from '../domain/recent-kills.js';
import type { AuditLog } from './audit.js';
import type { Journal } from './journal.js';
import type { KeyRing } from './keys.js';
import type { Lookout } from './lookout.js';
import type { Records } from './records.js';
import type { Clock, Log } from './runtime.js';
import type { Sandbox } from './sandbox.js';
import type { Worktrees } from './worktrees.js';

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
  /** Those who see what runs on this host. */
  readonly lookouts: readonly Lookout[];
  readonly worktrees: Worktrees;
  readonly journal: Journal;
  readonly recordCache: RecordCache;
  readonly recentKills: RecentKills;
  /** Signs what runs as an order later. Absent: nothing of the kind counts as ours. */
  readonly orderKeys?: KeyRing | undefined;
  /**
   * Whether no other node shares the store, as far as is known. Then a record without a host is of this one; otherwise
   * it is of the node that sees its sandbox, and of none before.
   */
  readonly isAlone: () => boolean;
  /** What the latest looks at this host saw. */
  readonly presence: Presence;
  readonly newId: () => string;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Limits;
}

/** The records of agents that run on this host, as they were last read: for when the store does not answer. */
export type RecordCache = Map<string, Agent>;

export const timestamp = (core: Pick<Core, 'clock'>): string => new Date(core.clock.now()).toISOString();

/** Whether an agent belongs to this host, as far as its record says. */
export const isLocal = (core: Pick<Core, 'hostId'>, { host }: Pick<Agent, 'host'>): boolean =>
  host === undefined || host === core.hostId;
