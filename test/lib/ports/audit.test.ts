import { describe, expect, it, vi } from 'vitest';
import type { AuditEntry } from '../../../lib/domain/audit-entry.js';
import { type AuditLog, searchAll } from '../../../lib/ports/audit.js';

const entry = (agentId: string): AuditEntry => ({
  timestamp: '2026-11-22T10:00:00.000Z',
  operation: 'KILL_AGENT',
  phase: 'accepted',
  actor: 'alice',
  agentId,
});
/** Three entries, two a page. */
const pages = () =>
  vi.fn<AuditLog['search']>(async (_, { after, limit }) => {
    const all = ['a1', 'a2', 'a3'].map((agentId, at) => ({
      entry: entry(agentId),
      position: String(at + 1),
    }));
    const rest = all.slice(Number(after));
    const found = rest.slice(0, Math.min(limit, 2));
    return { found, position: found.at(-1)?.position ?? after, more: rest.length > found.length };
  });
const all = async (search: AuditLog['search'], limit?: number): Promise<(string | undefined)[]> => {
  const found: (string | undefined)[] = [];
  for await (const { agentId } of searchAll(search, { operationId: 'op', ...(limit && { limit }) }))
    found.push(agentId);
  return found;
};

describe('all that a query of the audit finds', () => {
  it('comes page by page, each from where the last one ended', async () => {
    const search = pages();
    expect(await all(search)).toEqual(['a1', 'a2', 'a3']);
    expect(search.mock.calls.map(([, { after }]) => after)).toEqual(['', '2']);
  });

  it('is no more than was asked for', async () => {
    expect(await all(pages(), 1)).toEqual(['a1']);
    expect(await all(pages(), 2)).toEqual(['a1', 'a2']);
  });
});
