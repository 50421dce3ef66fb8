import { omitUndefined } from '../util/omit-undefined.js';
import type { Actor } from './actor.js';
import type { Status } from './agent.js';
import type { LayerOutcome } from './outcome.js';
import type { Selector } from './selector.js';

export const auditOperations = [
  'KILL_AGENT',
  'KILL_ALL_AGENTS',
  'REGISTER_AGENT',
  'TRANSITION_AGENT',
  'ADOPT_AGENT',
  'CLAIM_AGENT',
  'DISMISS_AGENT',
  'ENGAGE_LATCH',
  'RESET_LATCH',
  'RESTORE_LATCH',
  'UNVERIFIED_LATCH',
  'RESURRECTION',
  'LATCH_ENFORCED',
  'SWEEP',
  'ACCESS_DENIED',
] as const;
export type AuditOperation = (typeof auditOperations)[number];

export const auditPhases = ['accepted', 'settled', 'unconfirmed', 'refused', 'done'] as const;

/**
 * One entry of the audit, stored in the same atomic step as the change that it describes, and logged as JSON at WARN.
 * `phase`: `accepted` (the record says killed), `settled` (nothing is owed), `unconfirmed` (something still is),
 * `refused` (nothing was changed), `done` (a change that has no clean-up).
 */
export interface AuditEntry {
  /** ISO 8601, UTC. */
  readonly timestamp: string;
  readonly operation: AuditOperation;
  readonly phase: (typeof auditPhases)[number];
  readonly operationId?: string;
  readonly requestId?: string;
  readonly actor: string;
  /** Where the request came from: an IP address, `socket` or `local`. Absent if there was no request. */
  readonly source?: string;
  readonly reason?: string;
  readonly agentId?: string;
  readonly taskId?: string;
  readonly statusBefore?: Status;
  readonly status?: Status;
  readonly outcomes?: readonly LayerOutcome[];
  readonly selector?: Selector;
  readonly total?: number;
  readonly killed?: number;
  readonly failed?: number;
  readonly pending?: number;
  readonly errors?: readonly string[];
  /** Reset of the latch: the operations whose holds it released. */
  readonly released?: readonly string[];
  /** Reset of the latch: the signature of `released`. */
  readonly mac?: string;
}

/** The members of an entry that say who made the request, and from where. */
export const by = ({
  subject,
  source,
}: Pick<Actor, 'subject' | 'source'>): Pick<AuditEntry, 'actor' | 'source'> =>
  omitUndefined({ actor: subject, source });
