import type { Agent } from '../domain/agent.js';
import type { Presence } from '../domain/presence.js';
import type { RecentKills } from '../domain/recent-kills.js';
import type { AuditLog } from './audit.js';
import type { Journal } from './journal.js';
import type { KeyRing } from './keys.js';
import type { Records } from './records.js';
import type { Clock, Log } from './runtime.js';
import type { Sandbox } from './sandbox.js';
import type { Scanner } from './scanner.js';
import type { Worktrees } from './worktrees.js';

/** Milliseconds. */
export interface Limits {
  /** Until the caller is answered with what has been seen so far; the work goes on. */
  readonly respondMs: number;
  /** For seeing one agent dead, in addition to its grace period. */
  readonly killMs: number;
  /** For removing a container's remains and moving a worktree. */
  readonly cleanupMs: number;
}

export const defaultLimits: Limits = { respondMs: 5_000, killMs: 15_000, cleanupMs: 30_000 };

/** The dependencies of the core, made once at the composition root. */
export interface Core {
  readonly hostId: string;
  readonly records: Records;
  readonly audit: AuditLog;
  /** Empty: sandboxing is switched off. */
  readonly sandboxes: readonly Sandbox[];
  /** They find what runs on this host under a label. */
  readonly scanners: readonly Scanner[];
  readonly worktrees: Worktrees;
  /** Directories that worktrees may be in: of an agent that is found, one elsewhere is not recorded. */
  readonly worktreeRoots?: readonly string[];
  readonly journal: Journal;
  readonly recordCache: RecordCache;
  readonly recentKills: RecentKills;
  /** Signs stored commands. Absent: nothing is signed, and no stored signature is valid. */
  readonly orderKeys?: KeyRing | undefined;
  /**
   * Whether no other node is known to share the store. If so, a record without a host belongs to this one; otherwise to
   * the node that sees its sandbox.
   */
  readonly isAlone: () => boolean;
  /** The results of the latest scans of this host. */
  readonly presence: Presence;
  readonly newId: () => string;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Limits;
}

/** The records of agents of this host as last read, for when the store does not answer. */
export type RecordCache = Map<string, Agent>;

export const timestamp = (core: Pick<Core, 'clock'>): string => new Date(core.clock.now()).toISOString();

/** Whether an agent belongs to this host, as far as its record says. */
export const isLocal = (core: Pick<Core, 'hostId'>, { host }: Pick<Agent, 'host'>): boolean =>
  host === undefined || host === core.hostId;
