import { expect, it } from 'vitest';
import { change, collect, eachWith, entry, type OpenRecords } from './harness.js';

const NOW = Date.UTC(2026, 0, 1);

export function debts(open: OpenRecords): void {
  const store = eachWith(open);
  const owe = (id: string, host: string, dueAt: number | null, from: string | null = null) =>
    change(id, from, '{}', { debt: { host, dueAt } });

  it('come oldest first, only those due, only of that host, at most as many as asked', async () => {
    const { records } = store();
    await records.commit([
      owe('late', 'h1', NOW + 1),
      owe('third', 'h1', NOW),
      owe('first', 'h1', NOW - 1000),
      owe('second', 'h1', NOW - 1),
      owe('elsewhere', 'h2', NOW - 5000),
    ]);
    expect(await records.debts('h1', NOW, 10)).toEqual(['first', 'second', 'third']);
    expect(await records.debts('h1', NOW + 1, 10)).toEqual(['first', 'second', 'third', 'late']);
    expect(await records.debts('h1', NOW, 2)).toEqual(['first', 'second']);
    expect(await records.debts('h2', NOW, 10)).toEqual(['elsewhere']);
    expect(await records.debts('nobody', NOW, 10)).toEqual([]);
  });

  it('are put off by a later date and gone when paid', async () => {
    const { records } = store();
    await records.commit([owe('a', 'h1', NOW - 2), owe('b', 'h1', NOW - 1)]);
    await records.commit([owe('a', 'h1', NOW + 60_000, '{}')]);
    expect(await records.debts('h1', NOW, 10)).toEqual(['b']);
    expect(await records.debts('h1', NOW + 60_000, 10)).toEqual(['b', 'a']);
    await records.commit([owe('a', 'h1', null, '{}'), owe('b', 'h2', null, '{}')]);
    expect(await records.debts('h1', NOW + 60_000, 10)).toEqual(['b']);
  });

  it('are found for operations as for agents, and are gone with the step that ends one', async () => {
    const { records, audit } = store();
    const step = (expected: string | null, next: string | null, dueAt: number | null) => ({
      document: { kind: 'operation', id: 'o1' } as const,
      expect: expected,
      next,
      debt: { host: 'h1', dueAt },
      audit: [entry({ operationId: 'o1' })],
    });
    expect(await records.commit([step(null, 'running', NOW), owe('a', 'h1', NOW - 1)])).toEqual([
      'committed',
      'committed',
    ]);
    expect(await records.debts('h1', NOW, 10)).toEqual(['a', 'o1']);
    expect(await records.commit([step('running', 'ended', null)])).toEqual(['committed']);
    expect(await records.debts('h1', NOW, 10)).toEqual(['a']);
    expect(await collect(audit.query({ operationId: 'o1' }))).toHaveLength(2);
  });

  it('are taken on and forgotten by a step on a document that stays absent, audit and all', async () => {
    const { records, audit } = store();
    const step = (dueAt: number | null) =>
      change('a', null, null, { debt: { host: 'h1', dueAt }, audit: [entry({ agentId: 'a' })] });
    expect(await records.commit([step(NOW)])).toEqual(['committed']);
    expect(await records.debts('h1', NOW, 10)).toEqual(['a']);
    expect(await records.commit([step(null)])).toEqual(['committed']);
    expect(await records.debts('h1', NOW, 10)).toEqual([]);
    expect(await records.agents(['a'])).toEqual([]);
    expect(await collect(audit.query({ agentId: 'a' }))).toHaveLength(2);
  });

  it('outlive the deletion of the record', async () => {
    const { records } = store();
    await records.commit([owe('a', 'h1', NOW)]);
    await records.commit([change('a', '{}', null)]);
    expect(await records.debts('h1', NOW, 10)).toEqual(['a']);
  });
}
