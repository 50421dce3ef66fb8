import { expect, it } from 'vitest';
import { agent, change, collect, eachWith, entry, ids, type OpenRecords, running } from './harness.js';

export function tombstones(open: OpenRecords): void {
  const store = eachWith(open);
  const bury = (id: string) => change(id, null, null, { tombstone: 't' });

  it('are told in the order asked, as often as asked, records or no records', async () => {
    const { records, seedForeign } = store();
    await records.commit([
      bury('never-had-one'),
      change('killed', null, '{}', { tombstone: 't' }),
      change('alive', null, running('alive')),
      bury('overwritten'),
    ]);
    await seedForeign('overwritten', running('overwritten'));
    const asked = ['alive', 'never-had-one', 'nobody', 'killed', 'overwritten', 'Killed', 'killed'];
    expect(await records.tombstoned(asked)).toEqual([false, true, false, true, true, false, true]);
  });

  it('answer for 2,500 agents, and for none', async () => {
    const { records } = store();
    const all = ids('a', 2500);
    await records.commit(all.filter((_, n) => n % 3 === 0).map(bury));
    expect(await records.tombstoned(all)).toEqual(all.map((_, n) => n % 3 === 0));
    expect(await records.tombstoned([])).toEqual([]);
  });

  it('are laid without a record, and leave none behind', async () => {
    const { records, audit } = store();
    const step = change('a', null, null, {
      tombstone: 't',
      debt: { host: 'h1', dueAt: 1 },
      audit: [entry({ agentId: 'a' })],
    });
    expect(await records.commit([step])).toEqual(['committed']);
    expect(await records.read([agent('a')])).toEqual([null]);
    expect(await records.agents(['a'])).toEqual([]);
    expect(await records.tombstoned(['a'])).toEqual([true]);
    expect(await records.debts('h1', 1, 10)).toEqual(['a']);
    expect(await collect(audit.query({}))).toEqual([entry({ agentId: 'a' })]);
  });

  it('are not laid by a step that is refused', async () => {
    const { records } = store();
    await records.commit([change('a', null, running('a'))]);
    expect(await records.commit([bury('a')])).toEqual(['conflict']);
    expect(await records.tombstoned(['a'])).toEqual([false]);
  });
}
