import type { AuditEntry } from '../domain/audit-entry.js';

export interface AuditQuery {
  /** ISO 8601. */
  readonly since?: string;
  readonly agentId?: string;
  readonly operationId?: string;
  readonly limit?: number;
}

/** What stands at one place of the audit. */
export interface AuditPlace {
  /** Means something to its store alone. */
  readonly position: string;
  /** Absent where what stands there cannot be read. */
  readonly entry?: AuditEntry;
  /** All that stands there, byte for byte, framed by its store: what is unreadable, and what queries go by, too. */
  readonly bytes: Uint8Array;
}

/** Which part of the audit to look at. */
export interface AuditRange {
  /** A position: only what was committed after it; `''`: from the beginning on. */
  readonly after: string;
  /** A position: no more than what stands up to it, itself included. */
  readonly upTo?: string;
  /** The most entries of a page, at least 1. */
  readonly limit: number;
}

/** One page of what a query finds. */
export interface AuditPage {
  readonly found: readonly { readonly position: string; readonly entry: AuditEntry }[];
  /** Everything up to here, itself included, was looked at: the next page begins after it. */
  readonly position: string;
  /** Whether there was more to look at. */
  readonly more: boolean;
}

export interface AuditLog {
  append(entries: readonly AuditEntry[]): Promise<void>;
  /** In the order of the commits. What cannot be read is left out. */
  query(query: AuditQuery): AsyncIterable<AuditEntry>;
  /**
   * One page of a query, in the order of the commits; what is asked by agent or operation is found by an index. A page
   * may be short, or empty, and yet there is more. `query.limit` has no meaning here.
   */
  search(query: AuditQuery, range: AuditRange): Promise<AuditPage>;
  /**
   * What was committed after a position (`''`: from the beginning on), in the order of the commits, whatever the
   * clocks said; with `upTo` no more than what stands up to that position, itself included. Nothing ever comes in
   * before a position that was given, so a reader that goes on from the last one misses nothing. Empty: there is no
   * more yet.
   */
  after(position: string, limit: number, upTo?: string): Promise<readonly AuditPlace[]>;
  /** The position of what was committed last; `''` while there is nothing. */
  last(): Promise<string>;
}

const PAGE = 500;

/** All that a query finds, page by page. */
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
