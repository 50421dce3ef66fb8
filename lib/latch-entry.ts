import { type AuditEntry, by } from './audit.js';
import type { Actor, Selector } from './command.js';
import { type Core, timestamp } from './core.js';
import { present } from './present.js';

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
  present<AuditEntry>({
    timestamp: timestamp(core),
    operation,
    phase: 'done',
    operationId,
    requestId,
    ...by(actor),
    reason,
    selector,
  });
