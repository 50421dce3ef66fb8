import type { Status } from '../domain/agent.js';
import type { AuditEntry } from '../domain/audit-entry.js';
import { areVerified, isOpen, type LayerOutcome, pendingOf } from '../domain/outcome.js';
import type { Selector } from '../domain/selector.js';
import { omitUndefined } from '../util/omit-undefined.js';

/**
 * The events that receivers are notified of.
 * - `killswitch.activated`: a stop was accepted, of one agent or (with `total` when it is known) of many
 * - `killswitch.settled`: nothing is owed any more; of one agent, `verified` says whether its death was seen
 * - `killswitch.unverified`: a death was not seen, a clean-up is still owed, or a guard refused a layer
 * - `killswitch.resurrection`: a killed agent ran again, and was stopped again
 * - `killswitch.latch.engaged`, `killswitch.latch.reset`: the emergency stop that stays
 * - `killswitch.latch.enforced`: an agent was started against it, and was stopped
 * - `killswitch.swept`: something ran without an active record, and an operator had it stopped
 * - `killswitch.denied`: a known caller was refused; only sent to receivers that ask for it
 */
export const eventTypes = [
  'killswitch.activated',
  'killswitch.settled',
  'killswitch.unverified',
  'killswitch.resurrection',
  'killswitch.latch.engaged',
  'killswitch.latch.reset',
  'killswitch.latch.enforced',
  'killswitch.swept',
  'killswitch.denied',
] as const;
export type EventType = (typeof eventTypes)[number];

export const usualEvents: readonly EventType[] = eventTypes.filter(type => type !== 'killswitch.denied');

/** The body of a webhook. Every string in `data` may be an agent's own words. */
export interface Event {
  readonly type: EventType;
  /** ISO 8601: when it happened, not when it is sent. */
  readonly timestamp: string;
  readonly data: EventData;
}

/** The members of the audit entry that may leave the host: no path, and at most {@link MAX_LISTED} items of a list. */
export interface EventData
  extends Pick<
    AuditEntry,
    'operation' | 'phase' | 'operationId' | 'requestId' | 'actor' | 'reason' | 'agentId' | 'taskId'
  > {
  readonly statusBefore?: Status;
  /** Single agent: its processes were seen to be gone, and no layer was refused. */
  readonly verified?: boolean;
  readonly outcomes?: readonly Omit<LayerOutcome, 'quarantinePath'>[];
  readonly selector?: Selector;
  readonly total?: number;
  readonly killed?: number;
  readonly failed?: number;
  /** Single agent: the layers that are owed. Several agents: how many owe one. */
  readonly pending?: number | readonly string[];
  /** The first sentences of what went wrong. */
  readonly errors?: readonly string[];
}

export const MAX_LISTED = 20;
/** A record that another program wrote may hold megabytes. */
const MAX_TEXT = 1_000;

const cut = <T extends string | undefined>(text: T): T => text?.slice(0, MAX_TEXT) as T;

function typeOf({ operation, phase, outcomes }: AuditEntry): EventType | undefined {
  switch (operation) {
    case 'KILL_AGENT':
    case 'KILL_ALL_AGENTS':
      if (phase === 'accepted') return 'killswitch.activated';
      if (phase === 'unconfirmed' || outcomes?.some(isOpen)) return 'killswitch.unverified';
      return 'killswitch.settled';
    case 'RESURRECTION':
      return 'killswitch.resurrection';
    case 'LATCH_ENFORCED':
      return 'killswitch.latch.enforced';
    case 'ENGAGE_LATCH':
    case 'RESTORE_LATCH':
    case 'UNVERIFIED_LATCH':
      return 'killswitch.latch.engaged';
    case 'RESET_LATCH':
      return 'killswitch.latch.reset';
    case 'SWEEP':
      return 'killswitch.swept';
    case 'ACCESS_DENIED':
      return 'killswitch.denied';
    default:
      // Also operations that a newer version wrote into the same store.
      operation satisfies
        | 'REGISTER_AGENT'
        | 'TRANSITION_AGENT'
        | 'ADOPT_AGENT'
        | 'CLAIM_AGENT'
        | 'DISMISS_AGENT';
      return undefined;
  }
}

const shownOutcome = ({
  quarantinePath: _,
  ...outcome
}: LayerOutcome): Omit<LayerOutcome, 'quarantinePath'> =>
  omitUndefined({ ...outcome, detail: cut(outcome.detail) });

const shownSelector = (selector: Selector): Selector => ({
  ...selector,
  ...(selector.agentIds && { agentIds: selector.agentIds.slice(0, MAX_LISTED) }),
});

/** The event for an audit entry; `undefined`: receivers are not notified of it. */
export function eventOf(entry: AuditEntry): Event | undefined {
  const type = typeOf(entry);
  if (type === undefined) return undefined;
  const { operation, phase, operationId, requestId, actor, reason, agentId, taskId } = entry;
  const { statusBefore, outcomes, selector, total, killed, failed, pending, errors } = entry;
  const data = omitUndefined<EventData>({
    operation,
    phase,
    operationId,
    requestId,
    actor: cut(actor),
    reason: cut(reason),
    agentId,
    taskId: cut(taskId),
    statusBefore,
    verified: outcomes && areVerified(outcomes),
    outcomes: outcomes?.map(shownOutcome),
    selector: selector && shownSelector(selector),
    total,
    killed,
    failed,
    pending: outcomes ? pendingOf(outcomes) : pending,
    errors: errors?.slice(0, MAX_LISTED).map(cut),
  });
  return { type, timestamp: entry.timestamp, data };
}
