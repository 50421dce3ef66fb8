import type { AuditEntry } from '../domain/audit-entry.js';
import type { AuditPlace } from '../ports/audit.js';
import type { Records } from '../ports/records.js';
import { digest } from '../store/idempotency.js';
import { findOperation } from '../store/operation.js';
import { type Event, type EventType, eventOf } from './event.js';

/** What is sent. The same event has the same ID however often it is sent, so that its receiver can tell. */
export interface Message {
  readonly id: string;
  readonly event: Event;
}

/** Why a message was not taken, in words that may be shown. */
export interface Failure {
  readonly problem: string;
  /** It is this message that is not taken: another one may be. */
  readonly refused?: boolean;
  /** Milliseconds for which the receiver wants to be left alone. */
  readonly retryAfterMs?: number;
}

/** Somebody who is told. */
export interface Receiver {
  readonly name: string;
  readonly events: ReadonlySet<EventType>;
  /** Is told of a kill-all as a whole, and not of each agent. */
  readonly summary: boolean;
  /** Within {@link SEND_WITHIN}. `undefined`: it was taken. */
  send(message: Message, signal: AbortSignal): Promise<Failure | undefined>;
}

/** Milliseconds. */
export const SEND_WITHIN = 10_000;

const MEMO = 100;

/** What a receiver is told of an entry; `undefined`: nothing. Remembers what it looked up. */
export type EventFilter = (entry: AuditEntry | undefined) => Promise<Event | undefined>;

/** @throws KillswitchError `store_unavailable` */
export function createEventFilter(receiver: Receiver, records: Records): EventFilter {
  const isKillAll = new Map<string, boolean>();
  async function isPartOfMany({ operation, operationId }: AuditEntry): Promise<boolean> {
    if (operation !== 'KILL_AGENT' || operationId === undefined) return false;
    const known = isKillAll.get(operationId);
    if (known !== undefined) return known;
    // The operation is written before what it does; it holds a whole receipt, so it is looked at once.
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

/** The content counts as well: the positions of another store may be the same ones. No dot: it ends the ID where it is signed. */
export async function messageId({ name }: Receiver, { position, entry }: AuditPlace): Promise<string> {
  const hash = await digest(name, position, JSON.stringify(entry));
  return `msg_${hash.slice(0, 32)}`;
}
