import type { AuditLog, Clock, Health, Probe, Records } from '../../ports.js';
import { openAudit } from './audit.js';
import { prepareCommit } from './commit.js';
import { type Connection, connect } from './connection.js';
import { tellingWhy } from './file.js';
import { openReader } from './records.js';

export interface SqliteOptions {
  /** The file. Created with mode 0600, its directories with 0700, where they are missing. */
  readonly path: string;
  readonly clock?: Clock;
  /** Milliseconds for which a call waits while other processes hold the file. */
  readonly deadlineMs?: number;
}

export interface SqliteStore {
  readonly records: Records;
  readonly audit: AuditLog;
  readonly probe: Probe['probe'];
  /** What is called afterwards rejects with `store_unavailable`. */
  close(): Promise<void>;
}

const systemClock: Clock = { now: Date.now, monotonic: () => performance.now() };

/**
 * The embedded store: one SQLite file that the processes of one host share. A commit that
 * resolved has been synced to disk (WAL, `synchronous=FULL`: https://www.sqlite.org/pragma.html#pragma_synchronous).
 * @throws KillswitchError `store_unavailable`, with a sentence for the operator, when the file cannot be used
 */
export function openSqlite({ path, clock = systemClock, deadlineMs = 1000 }: SqliteOptions): SqliteStore {
  return tellingWhy(() => {
    const connection = connect({ path, clock, deadlineMs });
    const { log, record } = openAudit(connection);
    return {
      records: { ...openReader(connection, clock), commit: prepareCommit({ connection, clock, record }) },
      audit: log,
      probe: () => probe(connection),
      async close() {
        connection.close();
      },
    };
  });
}

/** Takes the write lock for a moment: a file that can only be read is no store. */
async function probe({ write }: Connection): Promise<Health> {
  const name = 'store';
  try {
    return await write(() => ({ name, ok: true }));
  } catch {
    return { name, ok: false, detail: 'the embedded store does not answer' };
  }
}
