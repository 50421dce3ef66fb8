import type { AuditEntry } from '../../domain/audit-entry.js';
import type { Step } from '../../ports/records.js';

const ORDINARY: ReadonlySet<AuditEntry['operation']> = new Set([
  'REGISTER_AGENT',
  'TRANSITION_AGENT',
  'RESET_LATCH',
  'ACCESS_DENIED',
]);

/** Whether an entry is about a stop, or its consequences. */
export const isAboutStop = ({ operation }: AuditEntry): boolean => !ORDINARY.has(operation);

/**
 * Whether a step belongs to a stop and so may be written when the store is out of memory: kills, debts, the latch,
 * operations. Steps that let an agent run or only change a record may not.
 */
export function isOfStop({ document, admission, tombstone, debt, audit }: Step): boolean {
  if (admission !== undefined) return false;
  if (document.kind === 'agent' && tombstone === undefined && debt === undefined) return false;
  return audit.every(isAboutStop);
}
