import { KillswitchError } from '../domain/errors.js';
import type { AuditLog } from '../ports/audit.js';
import type { Records } from '../ports/records.js';
import type { Probe } from '../ports/runtime.js';

/** Stands in for a store that cannot be opened: every call rejects with `store_unavailable`. */
export function createUnavailableStore(cause: unknown): Probe & {
  readonly records: Records;
  readonly audit: AuditLog;
  close(): Promise<void>;
} {
  const refuse = async (): Promise<never> => {
    throw new KillswitchError('store_unavailable', undefined, { cause });
  };
  const none = (): AsyncIterable<never> => ({ [Symbol.asyncIterator]: () => ({ next: refuse }) });
  return {
    records: {
      read: refuse,
      agents: refuse,
      scan: none,
      page: refuse,
      commit: refuse,
      tombstoned: refuse,
      debts: refuse,
    },
    audit: { append: refuse, query: none, search: refuse, after: refuse, last: refuse },
    probe: async () => ({ name: 'store', ok: false, detail: 'it could not be opened' }),
    close: async () => undefined,
  };
}
