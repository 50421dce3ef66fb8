import type Database from 'libsql';
import { KillswitchError } from '../../domain/errors.js';

/**
 * The migrations, one for each version, only ever appended to. Times are epoch milliseconds, REAL to allow fractions.
 * `documents.value` may be TEXT, if another program wrote it so.
 */
const migrations = [
  `CREATE TABLE documents (
     kind TEXT NOT NULL, id TEXT NOT NULL, value ANY NOT NULL, expires_at REAL, PRIMARY KEY (kind, id)
   ) STRICT;
   CREATE INDEX documents_by_expiry ON documents (expires_at) WHERE expires_at IS NOT NULL;
   CREATE TABLE active (agent_id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
   CREATE TABLE tombstones (agent_id TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE debts (
     host TEXT NOT NULL, agent_id TEXT NOT NULL, due_at REAL NOT NULL, PRIMARY KEY (host, agent_id)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX debts_by_date ON debts (host, due_at, agent_id);
   CREATE TABLE audit (
     seq INTEGER PRIMARY KEY, at REAL NOT NULL, agent_id TEXT, operation_id TEXT, entry TEXT NOT NULL
   ) STRICT;
   CREATE INDEX audit_by_date ON audit (at);
   CREATE INDEX audit_by_agent ON audit (agent_id, at) WHERE agent_id IS NOT NULL;
   CREATE INDEX audit_by_operation ON audit (operation_id, at) WHERE operation_id IS NOT NULL;`,
];

/** Migrates a file to the newest version, in one transaction. Other processes may be doing the same. */
export function migrate(database: Database.Database): void {
  if (versionOf(database) === migrations.length) return;
  database.exec('BEGIN IMMEDIATE');
  try {
    const version = versionOf(database);
    if (version > migrations.length) {
      throw new KillswitchError(
        'store_unavailable',
        'The embedded store was written by a newer version of killswitch: install that one, or let KILLSWITCH_STATE_DIR name another directory',
      );
    }
    for (const migration of migrations.slice(version)) database.exec(migration);
    database.exec(`PRAGMA user_version = ${migrations.length}; COMMIT`);
  } catch (error) {
    if (database.inTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

function versionOf(database: Database.Database): number {
  const [version] = database.prepare('PRAGMA user_version').raw().get([]) as [number];
  return version;
}
