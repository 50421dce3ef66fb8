import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterAll } from 'vitest';
import { openSqlite } from '../../lib/adapters/sqlite/index.js';
import { type RecordsUnderTest, recordsConformance } from './records.js';

const directory = mkdtempSync(join(tmpdir(), 'killswitch-sqlite-'));
afterAll(() => rmSync(directory, { recursive: true }));

function open(path: string, clock: { now: number }): RecordsUnderTest {
  const store = openSqlite({
    path,
    clock: { now: () => clock.now, monotonic: () => performance.now() },
  });
  const foreign = new Database(path, { timeout: 1000 });
  const replace = foreign.prepare("REPLACE INTO documents (kind, id, value) VALUES ('agent', ?, ?)");
  return {
    ...store,
    seedForeign: (agentId, bytes) =>
      void replace.run([agentId, typeof bytes === 'string' ? bytes : Buffer.from(bytes)]),
    reopen: async () => open(path, clock),
    advance: milliseconds => {
      clock.now += milliseconds;
    },
    async close() {
      await store.close();
      foreign.close();
    },
  };
}

let files = 0;
recordsConformance('SQLite', async () =>
  open(join(directory, `${files++}.db`), { now: Date.UTC(2026, 0, 1) }),
);
