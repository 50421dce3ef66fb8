import type { AuditLog } from '../../ports/audit.js';
import { searchAll } from '../../ports/audit.js';
import type { Records } from '../../ports/records.js';
import type { Clock, Health, Probe } from '../../ports/runtime.js';
import { inChunks } from '../../util/chunks.js';
import { decode } from './documents.js';
import type { Operations } from './operations.js';
import { startThread, type Thread } from './thread.js';

export interface SqliteOptions {
  /** The file. Created with mode 0600, its directories with 0700, if missing. */
  readonly path: string;
  readonly clock?: Pick<Clock, 'now'>;
  /** Milliseconds until a call rejects that waits for the disk, or for another process that locks the file. */
  readonly deadlineMs?: number;
  /** For tests, in shared memory: makes commits hang or the thread end; see `DISK` in messages.ts. */
  readonly disk?: Int32Array;
}

export interface SqliteStore extends Pick<Thread, 'opened'> {
  readonly records: Records;
  readonly audit: AuditLog;
  readonly probe: Probe['probe'];
  /** Later calls reject with `store_unavailable`. */
  close(): Promise<void>;
}

/** Steps and entries of one transaction: few enough not to block others for long, enough to share one fsync. */
const WRITTEN = 500;
/** Documents read in one call. */
const READ = 1_000;

/**
 * The embedded store: one SQLite file that the processes of one host share, accessed by a thread of its own. A commit that
 * resolved has been synced to disk (WAL, `synchronous=FULL`: https://www.sqlite.org/pragma.html#pragma_synchronous).
 * If the disk does not answer, calls reject with `store_unavailable` after the deadline; the store opens anyway. A commit
 * that rejected may have happened. The deadline applies to each 500 steps and each 1,000 documents of a call; the parts
 * before the one that rejects have been committed.
 * Returns at once: `opened` resolves when the file is ready.
 */
export function startSqlite(options: SqliteOptions): SqliteStore {
  const { path, clock = Date, deadlineMs = 1000, disk } = options;
  const thread = startThread({ path, clock, deadlineMs, disk });
  return {
    opened: thread.opened,
    records: recordsIn(thread),
    audit: auditIn(thread),
    probe: () => probe(thread),
    close: thread.close,
  };
}

/**
 * Like {@link startSqlite}, but waits for `opened`.
 * @throws KillswitchError `store_unavailable`, with a sentence for the operator, when the file cannot be used
 */
export async function openSqlite(options: SqliteOptions): Promise<SqliteStore> {
  const store = startSqlite(options);
  await store.opened;
  return store;
}

function recordsIn({ call }: Thread): Records {
  return {
    read: documents => inChunks(documents, READ, chunk => call('read', chunk)),
    agents: agentIds => inChunks(agentIds, READ, chunk => call('agents', chunk)),
    async *scan(scope) {
      for (let after: Uint8Array | undefined, first = true; first || after; first = false) {
        const page = await call('page', scope, after);
        if (page.agents.length > 0) yield page.agents;
        after = page.next;
      }
    },
    async page(after, limit) {
      for (let from: Uint8Array | string = after; ; ) {
        const page: Awaited<ReturnType<Operations['page']>> = await call('page', 'all', from, limit);
        if (!page.next) return { agents: page.agents };
        const next = decode(page.next);
        if (next !== undefined) return { agents: page.agents, next };
        // The page ends at an ID that is not UTF-8, which cannot be a cursor.
        if (page.agents.length > 0)
          return { agents: page.agents, next: page.agents.at(-1)?.agentId ?? after };
        from = page.next;
      }
    },
    commit: steps => inChunks(steps, WRITTEN, chunk => call('commit', chunk)),
    tombstoned: agentIds => inChunks(agentIds, READ, chunk => call('tombstoned', chunk)),
    debts: (host, before, limit) => call('debts', host, before, limit),
  };
}

function auditIn({ call }: Thread): AuditLog {
  const search: AuditLog['search'] = (query, range) => call('search', query, range);
  return {
    async append(entries) {
      await inChunks(entries, WRITTEN, async chunk => {
        await call('append', chunk);
        return [];
      });
    },
    query: query => searchAll(search, query),
    search,
    after: (position, limit, upTo) => call('after', position, limit, upTo),
    last: () => call('last'),
  };
}

async function probe({ call }: Thread): Promise<Health> {
  const name = 'store';
  try {
    await call('probe');
    return { name, ok: true };
  } catch {
    return { name, ok: false, detail: 'the embedded store does not answer' };
  }
}
