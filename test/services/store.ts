import { join } from 'node:path';
import { openSqlite } from '../../lib/adapters/sqlite/index.js';
import { openValkey } from '../../lib/adapters/valkey/index.js';
import type { AuditEntry } from '../../lib/domain/audit-entry.js';
import type { AuditLog, AuditQuery } from '../../lib/ports/audit.js';
import type { Records } from '../../lib/ports/records.js';
import { afterFile } from './registry.js';
import type { Environment } from './server.js';

export interface StoreView {
  readonly records: Records;
  readonly audit: AuditLog;
  /** What the audit says. */
  entries(query?: AuditQuery): Promise<AuditEntry[]>;
}

/** The store of a server, opened beside it. */
export async function openStoreOf(environment: Environment): Promise<StoreView> {
  const {
    KILLSWITCH_STORE: url = 'sqlite',
    KILLSWITCH_STATE_DIR: folder = '',
    KILLSWITCH_KEY_PREFIX: keyPrefix = '',
  } = environment;
  const store =
    url === 'sqlite' ? await openSqlite({ path: join(folder, 'state.db') }) : openValkey({ url, keyPrefix });
  afterFile(() => store.close());
  return {
    records: store.records,
    audit: store.audit,
    async entries(query = {}) {
      const all: AuditEntry[] = [];
      for await (const entry of store.audit.query(query)) all.push(entry);
      return all;
    },
  };
}
