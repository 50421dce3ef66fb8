import { expect, it } from 'vitest';
import { agent, change, eachWith, entry, ids, LATCH, type OpenRecords, running, traces } from './harness.js';

const HOST = 'h1';
const kill = (id: string, from: string, to: string) =>
  change(id, from, to, {
    active: false,
    tombstone: '{"by":"alice"}',
    debt: { host: HOST, dueAt: 5 },
    audit: [entry({ agentId: id })],
  });

export function commits(open: OpenRecords): void {
  const store = eachWith(open);

  it('creates, replaces and deletes a document', async () => {
    const { records } = store();
    expect(await records.commit([change('a', null, '1')])).toEqual(['committed']);
    expect(await records.commit([change('a', '1', '2')])).toEqual(['committed']);
    expect(await records.read([agent('a')])).toEqual(['2']);
    expect(await records.commit([change('a', '2', null)])).toEqual(['committed']);
    expect(await records.read([agent('a')])).toEqual([null]);
  });

  it('is a conflict when the document is another, absent, or there against expectation', async () => {
    const { records } = store();
    await records.commit([change('a', null, '1')]);
    const stale = [change('a', '0', '2'), change('b', '1', '2'), change('a', null, '2')];
    expect(await records.commit(stale)).toEqual(['conflict', 'conflict', 'conflict']);
    expect(await records.read([agent('a'), agent('b')])).toEqual(['1', null]);
  });

  it('writes record, tombstone, debt, index and audit together', async () => {
    const { records } = store();
    await records.commit([change('a', null, 'before', { active: true })]);
    expect(await traces(store(), 'a', HOST)).toEqual({
      raw: 'before',
      tombstoned: false,
      active: true,
      owed: false,
      audit: [],
    });
    expect(await records.commit([kill('a', 'before', 'after')])).toEqual(['committed']);
    expect(await traces(store(), 'a', HOST)).toEqual({
      raw: 'after',
      tombstoned: true,
      active: false,
      owed: true,
      audit: [entry({ agentId: 'a' })],
    });
  });

  it('leaves no trace when it is a conflict', async () => {
    const { records } = store();
    await records.commit([change('a', null, 'now', { active: true })]);
    expect(await records.commit([kill('a', 'before', 'after')])).toEqual(['conflict']);
    expect(await traces(store(), 'a', HOST)).toEqual({
      raw: 'now',
      tombstoned: false,
      active: true,
      owed: false,
      audit: [],
    });
  });

  it('leaves index, tombstone and debt alone when the step does not name them', async () => {
    const { records } = store();
    await records.commit([
      change('a', null, '1', { active: true, tombstone: 't', debt: { host: HOST, dueAt: 1 } }),
    ]);
    await records.commit([change('a', '1', '2')]);
    expect(await traces(store(), 'a', HOST)).toMatchObject({ tombstoned: true, active: true, owed: true });
  });

  it('lets exactly one of 50 concurrent ones win, on two instances', async () => {
    const { records } = store();
    const other = (await store().reopen()).records;
    await records.commit([change('a', null, 'start')]);
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        (n % 2 ? records : other).commit([
          change('a', 'start', `${n}`, { audit: [entry({ agentId: 'a' })] }),
        ]),
      ),
    );
    const winners = results.flatMap(([result], n) => (result === 'committed' ? [`${n}`] : []));
    expect(winners).toHaveLength(1);
    expect(results.flat().filter(result => result === 'conflict')).toHaveLength(49);
    expect(await records.read([agent('a')])).toEqual(winners);
    expect((await traces(store(), 'a', HOST)).audit).toHaveLength(1);
  });

  it('lets the same step twice in one call be committed once', async () => {
    const results = await store().records.commit([change('a', null, '1'), change('a', null, '1')]);
    expect([...results].sort()).toEqual(['committed', 'conflict']);
  });

  it('answers 2,500 steps in their order, each by itself', async () => {
    const { records } = store();
    const all = ids('a', 2500);
    const expected = all.map((_, n) => (n % 5 === 0 ? 'conflict' : n % 7 === 0 ? 'tombstoned' : 'committed'));
    await records.commit(
      all.flatMap((id, n) =>
        n % 5 === 0
          ? [change(id, null, 'there already')]
          : n % 7 === 0
            ? [change(id, null, null, { tombstone: 't' })]
            : [],
      ),
    );
    const steps = all.map(id => change(id, null, running(id), { admission: { latch: null } }));
    expect(await records.commit(steps)).toEqual(expected);
    expect(await records.read(all.map(agent))).toEqual(
      all.map((id, n) => (n % 5 === 0 ? 'there already' : n % 7 === 0 ? null : running(id))),
    );
  });

  it('keeps kinds apart that share an ID', async () => {
    const { records } = store();
    const documents = (['agent', 'operation', 'memory'] as const).map(kind => ({ kind, id: 'same' }));
    await records.commit(
      documents.map(document => ({ document, expect: null, next: document.kind, audit: [] })),
    );
    expect(await records.read(documents)).toEqual(['agent', 'operation', 'memory']);
  });

  it('takes and answers empty lists', async () => {
    const { records } = store();
    expect([await records.commit([]), await records.read([]), await records.agents([])]).toEqual([
      [],
      [],
      [],
    ]);
  });
}

export function admission(open: OpenRecords): void {
  const store = eachWith(open);
  const latch = (from: string | null, to: string | null) => ({
    document: LATCH,
    expect: from,
    next: to,
    audit: [],
  });
  const admit = (id: string, latchSeen: string | null) =>
    change(id, null, running(id), {
      admission: { latch: latchSeen },
      active: true,
      audit: [entry({ agentId: id })],
    });

  it('is granted while the latch is exactly the one that was seen', async () => {
    const { records } = store();
    expect(await records.commit([admit('a', null), admit('b', '{}')])).toEqual(['committed', 'conflict']);
    expect(await records.commit([latch(null, '{"engaged":true}')])).toEqual(['committed']);
    expect(await records.read([LATCH])).toEqual(['{"engaged":true}']);
    expect(
      await records.commit([
        admit('c', null),
        admit('d', '{"engaged": true}'),
        admit('e', '{"engaged":true}'),
      ]),
    ).toEqual(['conflict', 'conflict', 'committed']);
    expect(await records.commit([latch('{"engaged":true}', null)])).toEqual(['committed']);
    expect(await records.commit([admit('f', null)])).toEqual(['committed']);
  });

  it('leaves no trace when the latch is another', async () => {
    const { records } = store();
    await records.commit([latch(null, 'engaged')]);
    await records.commit([admit('a', null)]);
    expect(await traces(store(), 'a', HOST)).toMatchObject({ raw: null, active: false, audit: [] });
  });

  it('is refused for an ID with a tombstone, and leaves no trace', async () => {
    const { records } = store();
    await records.commit([change('a', null, null, { tombstone: 't' })]);
    expect(await records.commit([admit('a', null)])).toEqual(['tombstoned']);
    expect(await traces(store(), 'a', HOST)).toMatchObject({ raw: null, active: false, audit: [] });
  });

  it('names the tombstone even where the record or the latch would be a conflict as well', async () => {
    const { records } = store();
    await records.commit([change('a', null, 'killed', { tombstone: 't' })]);
    expect(await records.commit([admit('a', null), admit('a', 'other')])).toEqual([
      'tombstoned',
      'tombstoned',
    ]);
  });

  it('is not asked of a step that lets nothing run', async () => {
    const { records } = store();
    await records.commit([latch(null, 'engaged'), change('a', null, 'killed', { tombstone: 't' })]);
    expect(await records.commit([change('a', 'killed', 'settled')])).toEqual(['committed']);
  });

  it('is refused for good: neither a second tombstone nor the deletion of the record lifts it', async () => {
    const { records } = store();
    await records.commit([change('a', null, '1', { tombstone: 'first' })]);
    expect(await records.commit([change('a', '1', null, { tombstone: 'second' })])).toEqual(['committed']);
    expect(await records.commit([admit('a', null)])).toEqual(['tombstoned']);
  });
}
