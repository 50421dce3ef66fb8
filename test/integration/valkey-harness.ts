import { onTestFinished } from 'vitest';
import { openValkey, type ValkeyOptions, type ValkeyStore } from '../../lib/adapters/valkey/index.js';
import type { AuditEntry } from '../../lib/domain/audit-entry.js';
import type { Step } from '../../lib/ports/records.js';

/** Opens a store that is closed after the test. */
export function open(options: ValkeyOptions): ValkeyStore {
  const store = openValkey(options);
  onTestFinished(store.close);
  return store;
}

export const agent = (id: string) => ({ kind: 'agent', id }) as const;

export const entry: AuditEntry = {
  timestamp: '2026-01-01T00:00:00.000Z',
  operation: 'KILL_AGENT',
  phase: 'accepted',
  actor: 'alice',
};

/** A step that touches everything that a step can. */
export const kill = (id: string, from: string | null = null): Step => ({
  document: agent(id),
  expect: from,
  next: '{"status":"killed"}',
  active: false,
  tombstone: 't',
  debt: { host: 'h1', dueAt: 1 },
  audit: [{ ...entry, agentId: id }],
});

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
