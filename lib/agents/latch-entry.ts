import type { Actor } from '../domain/actor.js';
import { type AuditEntry, by } from '../domain/audit-entry.js';
import type { Selector } from '../domain/selector.js';
import { type Core, timestamp } from '../ports/core.js';
import { readSigned, type Signing, signText } from '../store/signed-text.js';
import { omitUndefined } from '../util/omit-undefined.js';
import type { Hold } from './latch.js';

/** Who engages or resets the emergency stop, and why. */
export interface LatchOrder {
  readonly operationId: string;
  readonly actor: Actor;
  readonly requestId?: string;
  readonly reason?: string;
}

/** What the audit says of a change of the emergency stop. */
export const latchEntry = (
  core: Core,
  operation: AuditEntry['operation'],
  { operationId, requestId, actor, reason }: LatchOrder,
  selector?: Selector,
): AuditEntry =>
  omitUndefined<AuditEntry>({
    timestamp: timestamp(core),
    operation,
    phase: 'done',
    operationId,
    requestId,
    ...by(actor),
    reason,
    selector,
  });

/** What was released by the reset of a latch that could not be read: all that was engaged by then. */
const EVERYTHING = '*';

const nameOf = ({ operationId, timestamp }: AuditEntry): string => `${operationId} ${timestamp}`;

/** A reset, signed, with the holds that it released: only so does the latch stay away when it is gone. */
export function resetEntry(core: Core, order: LatchOrder, holds: readonly Hold[]): AuditEntry {
  const entry = latchEntry(core, 'RESET_LATCH', order);
  const released = holds.length > 0 ? holds.map(({ operationId }) => operationId) : [EVERYTHING];
  const signed = signText(core, 'reset', nameOf(entry), JSON.stringify({ released }));
  return { ...entry, ...(JSON.parse(signed) as Partial<AuditEntry>) };
}

/** Whether this reset is one that this program signed, and released the hold. */
export function isReleased(signing: Signing, entry: AuditEntry, { operationId, since }: Hold): boolean {
  const { released = [], mac, timestamp } = entry;
  const text = JSON.stringify({ released, mac });
  if (!readSigned(signing, 'reset', nameOf(entry), text).isOurs) return false;
  return released.includes(operationId) || (released.includes(EVERYTHING) && since <= timestamp);
}
