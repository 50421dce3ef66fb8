import { describe, expect, it } from 'vitest';
import { createJournal } from '../../lib/adapters/state/journal/index.js';
import { fakeJournal } from '../fakes/journal.js';
import { temporaryDirectory } from '../services/agents.js';
import { journalConformance } from './journal.js';

journalConformance('The journal on disk', () => {
  const directory = temporaryDirectory();
  return { journal: createJournal({ directory }), reopen: () => createJournal({ directory }) };
});

journalConformance('The fake journal', () => {
  const { memory, ...journal } = fakeJournal();
  return { journal, reopen: () => fakeJournal({ memory }) };
});

describe('The faults of the fake journal', () => {
  it('fail as often as told, having written nothing', async () => {
    const { append, memory, faults } = fakeJournal();
    faults.fail('append', { times: 1 });
    await expect(append('a', '{}')).rejects.toMatchObject({ code: 'store_unavailable' });
    expect([...memory]).toEqual([]);
    await append('a', '{}');
    expect([...memory]).toEqual([['a', '{}']]);
  });
});
