import type { AuditEntry } from '../../lib/domain/audit-entry.js';

const DATE = 10;

/** What was done, to whom and why: all of an entry but when, what kind, and by whom. */
function describeEntry({ agentId, statusBefore, total, killed, reason, errors = [] }: AuditEntry): string {
  const parts = [
    agentId,
    statusBefore && `was ${statusBefore}`,
    total !== undefined && killed !== undefined && `${killed} of ${total} killed`,
    reason,
    ...errors,
  ];
  return parts.filter(Boolean).join(', ') || 'all';
}

/** One entry in a line, shortened. */
export function shortAuditLine(entry: AuditEntry): string {
  const { timestamp, operation, phase, actor } = entry;
  return `${timestamp.slice(DATE + 1, 23)} ${operation.padEnd(15)} ${phase.padEnd(8)} by ${actor}: ${describeEntry(entry)}`;
}

/** The same with its day, where it was asked from, and the operation by which it can be looked up. */
export function auditLine(entry: AuditEntry): string {
  const { timestamp, source, operationId } = entry;
  const more = [source && `from ${source}`, operationId].filter(Boolean).join(', ');
  return `${timestamp.slice(0, DATE)} ${shortAuditLine(entry)}${more ? `  (${more})` : ''}`;
}
