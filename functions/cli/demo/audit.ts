import type { AuditEntry } from '../../../lib/domain/audit-entry.js';
import type { Log } from '../../../lib/ports/runtime.js';

/** A log for the server that keeps the audit entries. */
export interface AuditCollector {
  readonly log: Log;
  readonly audit: readonly AuditEntry[];
}

const isAudit = (entry: object): entry is AuditEntry => 'operation' in entry && 'phase' in entry;

export function createAuditCollector(): AuditCollector {
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
