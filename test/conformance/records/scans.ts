import { expect, it } from 'vitest';
import type { AgentPage, Records, StoredAgent } from '../../../lib/ports/records.js';
import { change, collect, eachWith, ids, type OpenRecords, running } from './harness.js';

const names = (pages: readonly (readonly StoredAgent[])[]): string[] =>
  [...new Set(pages.flat().map(({ agentId }) => agentId))].sort();

export function scans(open: OpenRecords): void {
  const store = eachWith(open);

  it('finds every record there is, in pages of at most 1,000, also foreign ones that no one indexed', async () => {
    const { records, seedForeign } = store();
    const ours = ids('a', 1300);
    const foreign = ids('f', 1200);
    await records.commit(ours.map(id => change(id, null, running(id), { active: true })));
    await Promise.all(foreign.map(id => seedForeign(id, running(id))));
    const pages = await collect(records.scan('all'));
    expect(Math.max(...pages.map(page => page.length))).toBeLessThanOrEqual(1000);
    expect(names(pages)).toEqual([...ours, ...foreign]);
    expect(pages.flat().every(({ agentId, raw }) => raw === running(agentId))).toBe(true);
  });

  it('of the active ones goes through the index alone, in pages of at most 1,000', async () => {
    const { records, seedForeign } = store();
    const active = ids('a', 1300);
    await records.commit([
      ...active.map(id => change(id, null, running(id), { active: true })),
      ...ids('done', 20).map(id => change(id, null, '{"status":"completed"}', { active: false })),
      change('was-active', null, running('was-active'), { active: true }),
    ]);
    await records.commit([change('was-active', running('was-active'), '{}', { active: false })]);
    await seedForeign('foreign', '{"status":"completed"}');
    const pages = await collect(records.scan('active'));
    expect(Math.max(...pages.map(page => page.length))).toBeLessThanOrEqual(1000);
    expect(names(pages)).toEqual(active);
    expect(pages.flat().every(({ agentId, raw }) => raw === running(agentId))).toBe(true);
  });

  it('leaves out an index entry whose record is gone', async () => {
    const { records } = store();
    await records.commit(['a', 'b'].map(id => change(id, null, running(id), { active: true })));
    await records.commit([change('a', running('a'), null)]);
    expect(names(await collect(records.scan('active')))).toEqual(['b']);
    expect(names(await collect(records.scan('all')))).toEqual(['b']);
  });

  it.each(['active', 'all'] as const)('of %s shows agents alone', async scope => {
    const { records } = store();
    await records.commit([
      change('a', null, running('a'), { active: true, tombstone: 't', debt: { host: 'h', dueAt: 1 } }),
      { document: { kind: 'latch', id: '' }, expect: null, next: '{}', audit: [] },
      { document: { kind: 'operation', id: 'o' }, expect: null, next: '{}', audit: [] },
      { document: { kind: 'memory', id: 'm' }, expect: null, next: '{}', ttlSeconds: 60, audit: [] },
    ]);
    expect(names(await collect(records.scan(scope)))).toEqual(['a']);
  });

  it.each(['active', 'all'] as const)('of %s in an empty store ends at once', async scope => {
    expect((await collect(store().records.scan(scope))).flat()).toEqual([]);
  });

  it.each(['active', 'all'] as const)('of %s misses nothing that stays while others change', async scope => {
    const { records, seedForeign } = store();
    const staying = ids('s', 2000);
    const leaving = ids('l', 500);
    const start = (id: string) => change(id, null, running(id), { active: true });
    await records.commit([...staying, ...leaving].map(start));
    const seen: string[] = [];
    let changed = false;
    for await (const page of records.scan(scope)) {
      seen.push(...page.map(({ agentId }) => agentId));
      if (changed) continue;
      changed = true;
      await records.commit([
        ...leaving.map(id => change(id, running(id), null, { active: false })),
        ...staying.slice(0, 100).map(id => change(id, running(id), '{}')),
        ...ids('m', 500).map(start),
      ]);
      await seedForeign('foreign', '{}');
    }
    expect(staying.filter(id => !seen.includes(id))).toEqual([]);
  });

  it('may be left before its end', async () => {
    const { records } = store();
    await records.commit(ids('a', 1500).map(id => change(id, null, running(id), { active: true })));
    for (const scope of ['active', 'all'] as const) {
      for await (const page of records.scan(scope)) if (page.length > 0) break;
    }
    expect(await records.commit([change('after', null, '{}')])).toEqual(['committed']);
  });

  /** Every page from the beginning on, and what is done after the first. */
  async function turn(records: Records, limit: number, amid: () => Promise<unknown> = async () => undefined) {
    const found: string[] = [];
    let first = true;
    for (let after: string | undefined = ''; after !== undefined; ) {
      const page: AgentPage = await records.page(after, limit);
      expect(page.agents.length).toBeLessThanOrEqual(limit);
      found.push(...page.agents.map(({ agentId }) => agentId));
      after = page.next;
      if (first) await amid();
      first = false;
    }
    return found;
  }

  it('by pages gives every agent once, in the order of the IDs, also foreign ones', async () => {
    const { records, seedForeign } = store();
    const ours = ['B', 'a', 'a-1', 'a.b', 'a:1', 'a_1', 'b', 'z', '10', '9'];
    await records.commit(ours.map(id => change(id, null, running(id))));
    for (const id of ['foreign', 'A', 'zz']) await seedForeign(id, running(id));
    const all = [...ours, 'foreign', 'A', 'zz'].sort();
    for (const limit of [1, 3, all.length, 1000]) expect(await turn(records, limit)).toEqual(all);
    expect((await records.page('a', 2)).agents).toEqual([
      { agentId: 'a-1', raw: running('a-1'), tombstoned: false },
      { agentId: 'a.b', raw: running('a.b'), tombstoned: false },
    ]);
    expect(await records.page('zz', 10)).toEqual({ agents: [] });
  });

  it('by pages of an empty store has one that is empty', async () => {
    expect(await store().records.page('', 10)).toEqual({ agents: [] });
  });

  it('by pages leaves out no agent that stays while others come and go, and none comes twice', async () => {
    const { records, seedForeign, reopen } = store();
    const others = await reopen();
    const staying = ids('s', 60);
    const leaving = ids('l', 30);
    await records.commit([...staying.slice(10), ...leaving].map(id => change(id, null, running(id))));
    for (const id of staying.slice(0, 10)) await seedForeign(id, running(id));
    const found = await turn(records, 7, async () => {
      await others.records.commit([
        ...leaving.map(id => change(id, running(id), null)),
        ...staying.slice(10, 40).map(id => change(id, running(id), '{}')),
        ...ids('t', 20).map(id => change(id, null, running(id))),
      ]);
    });
    expect(staying.filter(id => !found.includes(id))).toEqual([]);
    expect(new Set(found).size).toBe(found.length);
    expect(await turn(others.records, 50)).toEqual([...staying, ...ids('t', 20)]);
  });

  it('by pages has an agent again that was deleted and is there once more', async () => {
    const { records } = store();
    const listed = () => turn(records, 10);
    await records.commit([change('a', null, '1'), change('a', '1', null), change('a', null, '2')]);
    expect(await listed()).toEqual(['a']);
    await records.commit([change('a', '2', null)]);
    expect(await listed()).toEqual([]);
    await records.commit([change('a', null, null), change('b', null, null)]);
    expect(await listed()).toEqual([]);
  });
}
