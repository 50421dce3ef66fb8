import type { AuditEntry } from '../../domain/audit-entry.js';
import type { Step } from '../../ports/records.js';

const ORDINARY: ReadonlySet<AuditEntry['operation']> = new Set([
  'REGISTER_AGENT',
  'TRANSITION_AGENT',
  'RESET_LATCH',
  'ACCESS_DENIED',
]);

/** Whether an entry tells of a stop, or of what follows from one. */
export const tellsOfStop = ({ operation }: AuditEntry): boolean => !ORDINARY.has(operation);

/**
 * Whether a step belongs to a stop, which may write also when the store's memory is used up: it marks, pays for,
 * engages, or keeps books for one. What lets an agent run, and what only changes a record, may not.
 */
export function isOfStop({ document, admission, tombstone, debt, audit }: Step): boolean {
  if (admission !== undefined) return false;
  if (document.kind === 'agent' && tombstone === undefined && debt === undefined) return false;
  return audit.every(tellsOfStop);
}
