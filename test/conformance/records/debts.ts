import { expect, it } from 'vitest';
import { change, eachWith, type OpenRecords } from './harness.js';

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

  it('outlive the deletion of the record', async () => {
    const { records } = store();
    await records.commit([owe('a', 'h1', NOW)]);
    await records.commit([change('a', '{}', null)]);
    expect(await records.debts('h1', NOW, 10)).toEqual(['a']);
  });
}
