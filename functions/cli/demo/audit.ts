import type { AuditEntry } from '../../../lib/audit.js';
import type { Log } from '../../../lib/ports.js';

/** The server's log, of which the audit is kept. */
export interface Collector {
  readonly log: Log;
  readonly audit: readonly AuditEntry[];
}

const isAudit = (entry: object): entry is AuditEntry => 'operation' in entry && 'phase' in entry;

export function openCollector(): Collector {
  const audit: AuditEntry[] = [];
  return {
    audit,
    log: {
      info: () => undefined,
      warn: entry => void (isAudit(entry) && audit.push(entry)),
      error: () => undefined,
    },
  };
}

/** One entry in a line, shortened. */
export function inShort({
  timestamp,
  operation,
  phase,
  agentId,
  actor,
  statusBefore,
  total,
  killed,
}: AuditEntry): string {
  const what = [
    agentId,
    statusBefore && `was ${statusBefore}`,
    total !== undefined && `${killed} of ${total} killed`,
  ].filter(Boolean);
  return `${timestamp.slice(11, 23)} ${operation.padEnd(15)} ${phase.padEnd(8)} by ${actor}: ${what.join(', ') || 'all'}`;
}
