import type { AuditEntry } from '../domain/audit-entry.js';
import type { AuditPlace } from '../ports/audit.js';
import type { Records } from '../ports/records.js';
import { digest } from '../store/idempotency.js';
import { findOperation } from '../store/operation.js';
import { type Event, type EventType, eventOf } from './event.js';

/** A message to a receiver. An event keeps its ID when it is sent again, so that the receiver can deduplicate. */
export interface Message {
  readonly id: string;
  readonly event: Event;
}

/** Why a message was not accepted, in words that may be shown. */
export interface Failure {
  readonly problem: string;
  /** Only this message was refused: another one may be accepted. */
  readonly refused?: boolean;
  /** Milliseconds to wait before the next attempt, as the receiver asks. */
  readonly retryAfterMs?: number;
}

/** A destination of notifications. */
export interface Receiver {
  readonly name: string;
  readonly events: ReadonlySet<EventType>;
  /** Gets one summary of a kill-all instead of an event for each agent. */
  readonly summary: boolean;
  /** Ends within {@link SEND_WITHIN}. `undefined`: the message was accepted. */
  send(message: Message, signal: AbortSignal): Promise<Failure | undefined>;
}

/** Milliseconds. */
export const SEND_WITHIN = 10_000;

const MEMO = 100;

/** The event that a receiver gets for an audit entry, or `undefined`. Caches what it looked up. */
export type EventFilter = (entry: AuditEntry | undefined) => Promise<Event | undefined>;

/** @throws KillswitchError `store_unavailable` */
export function createEventFilter(receiver: Receiver, records: Records): EventFilter {
  const isKillAll = new Map<string, boolean>();
  async function isPartOfMany({ operation, operationId }: AuditEntry): Promise<boolean> {
    if (operation !== 'KILL_AGENT' || operationId === undefined) return false;
    const known = isKillAll.get(operationId);
    if (known !== undefined) return known;
    // The operation was written before the entry; it may hold a large receipt, so it is read only once.
    const found = await findOperation({ records }, operationId);
    if (!found) return false;
    const answer = found.operation?.type === 'kill-all';
    if (isKillAll.size >= MEMO) isKillAll.clear();
    isKillAll.set(operationId, answer);
    return answer;
  }
  return async entry => {
    const event = entry && eventOf(entry);
    if (!event || !receiver.events.has(event.type)) return undefined;
    return receiver.summary && (await isPartOfMany(entry)) ? undefined : event;
  };
}

/** Hashes the content too, as another store may have the same positions. No dot, which ends the ID where it is signed. */
export async function messageId({ name }: Receiver, { position, entry }: AuditPlace): Promise<string> {
  const hash = await digest(name, position, JSON.stringify(entry));
  return `msg_${hash.slice(0, 32)}`;
}
