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

/** In `released`: the latch could not be read, so its reset released every hold engaged by then. */
const EVERYTHING = '*';

const nameOf = ({ operationId, timestamp }: AuditEntry): string => `${operationId} ${timestamp}`;

/** The signed entry of a reset, with the holds that it released: without it, a latch that is gone is restored. */
export function resetEntry(core: Core, order: LatchOrder, holds: readonly Hold[]): AuditEntry {
  const entry = latchEntry(core, 'RESET_LATCH', order);
  const released = holds.length > 0 ? holds.map(({ operationId }) => operationId) : [EVERYTHING];
  const signed = signText(core, 'reset', nameOf(entry), JSON.stringify({ released }));
  return { ...entry, ...(JSON.parse(signed) as Partial<AuditEntry>) };
}

/** Whether this reset carries a valid signature of ours and released the hold. */
export function isReleased(signing: Signing, entry: AuditEntry, { operationId, since }: Hold): boolean {
  const { released = [], mac, timestamp } = entry;
  const text = JSON.stringify({ released, mac });
  if (!readSigned(signing, 'reset', nameOf(entry), text).isOurs) return false;
  return released.includes(operationId) || (released.includes(EVERYTHING) && since <= timestamp);
}
