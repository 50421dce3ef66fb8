import type { AuditEntry } from '../../domain/audit-entry.js';
import type { Clock } from '../../ports/runtime.js';
import { prepareAudit, prepareRecord } from './audit.js';
import { prepareCommit } from './commit.js';
import type { Connection } from './connection.js';
import { prepareReads } from './reads.js';

/** The operations of the store's thread, each in one transaction. */
export function prepareOperations({ prepare }: Pick<Connection, 'prepare'>, clock: Pick<Clock, 'now'>) {
  const record = prepareRecord({ prepare });
  return {
    ...prepareReads({ prepare }, clock),
    ...prepareAudit({ prepare }),
    commit: prepareCommit({ prepare, clock, record }),
    append: (entries: readonly AuditEntry[]): void => entries.forEach(record),
    /** Takes the write lock for a moment: a read-only file cannot be the store. */
    probe: (): void => undefined,
  };
}

export type Operations = ReturnType<typeof prepareOperations>;

const WRITES: ReadonlySet<keyof Operations> = new Set(['commit', 'append', 'probe']);

export const kindOf = (operation: keyof Operations): 'read' | 'write' =>
  WRITES.has(operation) ? 'write' : 'read';
