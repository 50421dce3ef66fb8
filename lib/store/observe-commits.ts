import type { AuditEntry } from '../domain/audit-entry.js';
import type { AuditLog } from '../ports/audit.js';
import type { Records } from '../ports/records.js';

interface ObservedStore {
  readonly records: Records;
  readonly audit: AuditLog;
}

/** Wraps a store; calls `onWritten` with the audit entries of this process after they commit. */
export function observeCommits(
  { records, audit }: ObservedStore,
  onWritten: (entries: readonly AuditEntry[]) => void,
): ObservedStore {
  const notify = (entries: readonly AuditEntry[]): void => {
    if (entries.length > 0) onWritten(entries);
  };
  return {
    records: {
      ...records,
      async commit(steps) {
        const results = await records.commit(steps);
        notify(steps.flatMap((step, index) => (results[index] === 'committed' ? step.audit : [])));
        return results;
      },
    },
    audit: {
      ...audit,
      async append(entries) {
        await audit.append(entries);
        notify(entries);
      },
    },
  };
}
