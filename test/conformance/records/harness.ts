import { afterEach, beforeEach } from 'vitest';
import type { AuditEntry } from '../../../lib/domain/audit-entry.js';
import type { AuditLog } from '../../../lib/ports/audit.js';
import type { DocumentRef, Records, Step } from '../../../lib/ports/records.js';

export interface RecordsUnderTest {
  readonly records: Records;
  readonly audit: AuditLog;
  /** Writes an agent's record as another program does: these bytes, over whatever was there, and no index. */
  seedForeign(agentId: string, bytes: string | Uint8Array): Promise<void> | void;
  /** Puts something that is no text where this document would be; absent where the store can hold text alone. */
  seedOther?(document: DocumentRef): Promise<void> | void;
  /** One more instance on the same data, with a connection of its own. This one stays as it is, open or closed. */
  reopen(): Promise<RecordsUnderTest>;
  /** Moves the store's wall clock on, where that can be done. Elsewhere the tests wait for time to pass. */
  advance?(milliseconds: number): void;
  /** May be called twice. */
  close(): Promise<void> | void;
}

export type OpenRecords = () => Promise<RecordsUnderTest>;

/** An empty store for each test. What `reopen` gives is closed after the test, too. */
export function eachWith(open: OpenRecords): () => RecordsUnderTest {
  let current: RecordsUnderTest | undefined;
  const opened: RecordsUnderTest[] = [];
  const tracked = (store: RecordsUnderTest): RecordsUnderTest => {
    opened.push(store);
    return { ...store, reopen: async () => tracked(await store.reopen()) };
  };
  beforeEach(async () => {
    current = tracked(await open());
  });
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
  });
  return () => {
    if (current === undefined) throw new Error('used outside a test');
    return current;
  };
}

export const LATCH: DocumentRef = { kind: 'latch', id: '' };
export const agent = (id: string): DocumentRef => ({ kind: 'agent', id });

/** A step that changes an agent's record and nothing else, unless told. */
export const change = (
  id: string,
  expect: string | null,
  next: string | null,
  more: Partial<Step> = {},
): Step => ({ document: agent(id), expect, next, audit: [], ...more });

export const entry = (more: Partial<AuditEntry> = {}): AuditEntry => ({
  timestamp: '2020-01-01T00:00:00.000Z',
  operation: 'KILL_AGENT',
  phase: 'accepted',
  actor: 'alice',
  ...more,
});

export const running = (id: string): string => JSON.stringify({ agentId: id, status: 'running' });

/** IDs in ascending order: `prefix-0000`, `prefix-0001`, … */
export const ids = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, n) => `${prefix}-${String(n).padStart(4, '0')}`);

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Everything that a step may leave behind for one agent and host. */
export async function traces({ records, audit }: RecordsUnderTest, id: string, host: string) {
  const [stored] = await records.agents([id]);
  const indexed = (await collect(records.scan('active'))).flat().map(({ agentId }) => agentId);
  return {
    raw: stored?.raw ?? null,
    tombstoned: stored?.tombstoned ?? false,
    active: indexed.includes(id),
    owed: (await records.debts(host, Number.MAX_SAFE_INTEGER, 10)).includes(id),
    audit: await collect(audit.query({ agentId: id })),
  };
}
