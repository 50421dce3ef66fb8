import { expect, it, vi } from 'vitest';
import {
  change,
  collect,
  eachWith,
  entry,
  LATCH,
  type OpenRecords,
  type RecordsUnderTest,
  running,
  traces,
} from './harness.js';

export function lifetime(open: OpenRecords): void {
  const store = eachWith(open);
  const memory = (id: string) => ({ kind: 'memory', id }) as const;
  const remember = (id: string, expected: string | null, next: string, ttlSeconds?: number) => ({
    document: memory(id),
    expect: expected,
    next,
    ...(ttlSeconds === undefined ? {} : { ttlSeconds }),
    audit: [],
  });

  it('forgets a document when its time to live is over: absent to a read and to an expectation', async () => {
    const { records, advance } = store();
    await records.commit([
      remember('prolonged', null, 'x', 1),
      remember('kept', null, 'x', 1),
      remember('brief', null, 'x', 1),
      remember('lasting', null, 'x', 3600),
      { ...remember('-', null, 'x', 1), document: { kind: 'operation', id: 'brief' } },
    ]);
    await records.commit([remember('prolonged', 'x', 'y', 3600), remember('kept', 'x', 'y')]);
    const asked = [memory('brief'), { kind: 'operation', id: 'brief' } as const];
    expect(await records.read([memory('brief')])).toEqual(['x']);
    expect(await records.commit([remember('brief', null, 'again', 1)])).toEqual(['conflict']);
    advance?.(1001);
    await vi.waitFor(async () => expect(await records.read(asked)).toEqual([null, null]), {
      timeout: 5000,
      interval: 50,
    });
    expect(await records.read(['prolonged', 'kept', 'lasting'].map(memory))).toEqual(['y', 'y', 'x']);
    expect(await records.commit([remember('brief', 'x', 'stale')])).toEqual(['conflict']);
    expect(await records.commit([remember('brief', null, 'again')])).toEqual(['committed']);
    expect(await records.read(asked)).toEqual(['again', null]);
  });

  it('keeps everything when it is opened again', async () => {
    const { records, reopen, close } = store();
    await records.commit([
      { document: LATCH, expect: null, next: '{"engaged":true}', audit: [] },
      change('a', null, running('a'), {
        active: true,
        tombstone: 't',
        debt: { host: 'h1', dueAt: 1 },
        audit: [entry({ agentId: 'a' })],
      }),
    ]);
    await close();
    const again = await reopen();
    expect(await again.records.read([LATCH])).toEqual(['{"engaged":true}']);
    expect(await traces(again, 'a', 'h1')).toEqual({
      raw: running('a'),
      tombstoned: true,
      active: true,
      owed: true,
      audit: [entry({ agentId: 'a' })],
    });
  });

  it('shows at once to one instance what another has committed', async () => {
    const { records, reopen } = store();
    const other = await reopen();
    for (const n of ['1', '2', '3']) {
      await records.commit([change(n, null, n, { active: true })]);
      expect((await traces(other, n, 'h1')).raw).toBe(n);
      expect(await other.records.commit([change(n, n, 'x')])).toEqual(['committed']);
      expect((await traces(store(), n, 'h1')).raw).toBe('x');
    }
  });

  const uses: Readonly<Record<string, (store: RecordsUnderTest) => Promise<unknown>>> = {
    read: ({ records }) => records.read([LATCH]),
    agents: ({ records }) => records.agents(['a']),
    'scan of the active ones': ({ records }) => collect(records.scan('active')),
    'scan of all': ({ records }) => collect(records.scan('all')),
    commit: ({ records }) => records.commit([change('a', null, '1')]),
    tombstoned: ({ records }) => records.tombstoned(['a']),
    debts: ({ records }) => records.debts('h1', 1, 1),
    append: ({ audit }) => audit.append([entry()]),
    query: ({ audit }) => collect(audit.query({})),
  };
  it.each(Object.entries(uses))('is unavailable once closed: %s', async (_, use) => {
    await use(store());
    await store().close();
    await expect(use(store())).rejects.toMatchObject({ code: 'store_unavailable' });
  });
}
