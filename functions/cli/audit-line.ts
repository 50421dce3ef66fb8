import type { AuditEntry } from '../../lib/domain/audit-entry.js';

const DATE = 10;

/** The parts of an entry that its time, operation, phase and actor do not say: target, result, reason. */
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

/** One entry in one line, without its date and operation ID. */
export function shortAuditLine(entry: AuditEntry): string {
  const { timestamp, operation, phase, actor } = entry;
  return `${timestamp.slice(DATE + 1, 23)} ${operation.padEnd(15)} ${phase.padEnd(8)} by ${actor}: ${describeEntry(entry)}`;
}

/** One entry in one line, with its date, the source of the request and the operation ID. */
export function auditLine(entry: AuditEntry): string {
  const { timestamp, source, operationId } = entry;
  const more = [source && `from ${source}`, operationId].filter(Boolean).join(', ');
  return `${timestamp.slice(0, DATE)} ${shortAuditLine(entry)}${more ? `  (${more})` : ''}`;
}
