import type { AuditEntry } from '../domain/audit-entry.js';

export interface AuditQuery {
  /** ISO 8601. */
  readonly since?: string;
  readonly agentId?: string;
  readonly operationId?: string;
  readonly limit?: number;
}

/** One stored entry of the audit. */
export interface AuditPlace {
  /** Opaque; only its store can interpret it. */
  readonly position: string;
  /** Absent if the stored bytes cannot be read as an entry. */
  readonly entry?: AuditEntry;
  /** All stored bytes, framed by the store, including unreadable ones and the columns that queries use. */
  readonly bytes: Uint8Array;
}

/** Which part of the audit to read. */
export interface AuditRange {
  /** A position: only entries committed after it; `''`: from the beginning. */
  readonly after: string;
  /** A position: only entries up to it, inclusive. */
  readonly upTo?: string;
  /** The most entries of a page, at least 1. */
  readonly limit: number;
}

/** One page of a query's results. */
export interface AuditPage {
  readonly found: readonly { readonly position: string; readonly entry: AuditEntry }[];
  /** Everything up to here, inclusive, was read: the next page begins after it. */
  readonly position: string;
  /** Whether there is more to read. */
  readonly more: boolean;
}

export interface AuditLog {
  append(entries: readonly AuditEntry[]): Promise<void>;
  /** In the order of the commits, without unreadable entries. */
  query(query: AuditQuery): AsyncIterable<AuditEntry>;
  /**
   * One page of a query, in the order of the commits; a query by agent or operation uses an index. A page may be short or
   * empty although there is more. `query.limit` is ignored.
   */
  search(query: AuditQuery, range: AuditRange): Promise<AuditPage>;
  /**
   * Entries committed after a position (`''`: from the beginning), in the order of the commits, whatever their timestamps;
   * with `upTo` only up to that position, inclusive. Nothing is ever inserted before a returned position, so a reader
   * that continues from the last one misses nothing. Empty: there is no more yet.
   */
  after(position: string, limit: number, upTo?: string): Promise<readonly AuditPlace[]>;
  /** The position of the last commit; `''` while there is none. */
  last(): Promise<string>;
}

const PAGE = 500;

/** All results of a query, read page by page. */
export async function* searchAll(
  search: AuditLog['search'],
  { limit = Number.POSITIVE_INFINITY, ...query }: AuditQuery,
): AsyncGenerator<AuditEntry> {
  let after = '';
  for (let left = limit; left > 0; ) {
    const page = await search(query, { after, limit: Math.min(left, PAGE) });
    for (const { entry } of page.found) yield entry;
    if (!page.more) return;
    left -= page.found.length;
    after = page.position;
  }
}
