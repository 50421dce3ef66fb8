import { expect, it } from 'vitest';
import type { AuditQuery } from '../../../lib/ports/audit.js';
import { change, collect, eachWith, entry, type OpenRecords } from './harness.js';

const at = (minute: number) => new Date(Date.UTC(2020, 0, 1, 0, minute)).toISOString();

export function auditLog(open: OpenRecords): void {
  const store = eachWith(open);
  const kept = [
    entry({ timestamp: at(1), agentId: 'a', operationId: 'o1' }),
    entry({ timestamp: at(2), agentId: 'b', operationId: 'o2' }),
    entry({
      timestamp: at(3),
      operation: 'KILL_ALL_AGENTS',
      operationId: 'o2',
      total: 2,
      killed: 1,
      failed: 1,
    }),
    entry({ timestamp: at(4), agentId: 'a', operationId: 'o2', phase: 'settled' }),
  ];
  const pick = (...which: number[]) => which.map(n => kept[n]);

  it('keeps every member of an entry', async () => {
    const full = entry({
      requestId: 'r1',
      reason: 'runs "away" \u2028 😀',
      agentId: 'a',
      taskId: 't',
      statusBefore: 'running',
      status: 'killed',
      outcomes: [{ layer: 'container', outcome: 'dead', deadAfterMs: 4.5 }],
      total: 0,
      errors: [],
    });
    await store().audit.append([full]);
    expect(await collect(store().audit.query({}))).toEqual([full]);
  });

  it('is told oldest first, by agent, by operation, by time, and as much as asked', async () => {
    const { audit, records } = store();
    await audit.append(kept.slice(0, 2));
    await records.commit([change('a', null, '{}', { audit: kept.slice(2) })]);
    expect(await collect(audit.query({}))).toEqual(kept);
    expect(await collect(audit.query({ agentId: 'a' }))).toEqual(pick(0, 3));
    expect(await collect(audit.query({ operationId: 'o2' }))).toEqual(pick(1, 2, 3));
    expect(await collect(audit.query({ since: at(2) }))).toEqual(pick(1, 2, 3));
    expect(await collect(audit.query({ since: '2020-01-01T01:03:00.000+01:00' }))).toEqual(pick(2, 3));
    expect(await collect(audit.query({ limit: 2 }))).toEqual(pick(0, 1));
    expect(await collect(audit.query({ since: at(2), agentId: 'a', operationId: 'o2', limit: 1 }))).toEqual(
      pick(3),
    );
    expect(await collect(audit.query({ agentId: 'nobody' }))).toEqual([]);
    expect(await collect(audit.query({ limit: 0 }))).toEqual([]);
  });

  it('is read on from a position, in the order of the commits and not of the clocks', async () => {
    const { audit, records, reopen } = store();
    expect([await audit.last(), await audit.after('', 10)]).toEqual(['', []]);
    await audit.append([entry({ timestamp: at(9), reason: 'first' })]);
    const start = await audit.last();
    const others = await reopen();
    await others.audit.append([entry({ timestamp: at(5), reason: 'second' })]);
    await records.commit([
      change('a', null, '{}', { audit: [entry({ timestamp: at(1), reason: 'third' })] }),
      change('a', null, '{}', { audit: [entry({ reason: 'refused' })] }),
      change('b', null, '{}', { audit: [entry({ timestamp: at(3), reason: 'fourth' })] }),
    ]);
    const reasons = async (position: string, limit = 10) =>
      (await others.audit.after(position, limit)).map(place => place.entry?.reason);
    expect(await reasons('')).toEqual(['first', 'second', 'third', 'fourth']);
    expect(await reasons(start)).toEqual(['second', 'third', 'fourth']);
    const [second, third] = await audit.after(start, 2);
    expect(await audit.after(start, 1)).toEqual([second]);
    expect(await reasons(third?.position ?? '')).toEqual(['fourth']);
    expect(await reasons(await audit.last())).toEqual([]);
  });

  it('is read up to a position, byte for byte the same each time and from wherever', async () => {
    const { audit, reopen } = store();
    await audit.append(kept);
    const places = await audit.after('', 10);
    const [first, second, third] = places;
    expect(await audit.after(first?.position ?? '', 10, third?.position)).toEqual([second, third]);
    expect(await audit.after('', 1, third?.position)).toEqual([first]);
    expect(await audit.after(third?.position ?? '', 10, third?.position)).toEqual([]);
    expect(await (await reopen()).audit.after('', 10)).toEqual(places);
    expect(new Set(places.map(({ bytes }) => `${bytes}`)).size).toBe(4);
  });

  it('is searched page by page: each goes on right after the last entry of the one before', async () => {
    const { audit, records } = store();
    expect(await audit.search({}, { after: '', limit: 2 })).toEqual({ found: [], position: '', more: false });
    await audit.append(kept.slice(0, 2));
    await records.commit([change('a', null, '{}', { audit: kept.slice(2) })]);
    await audit.append([entry({ agentId: 'c' })]);
    const last = await audit.last();
    const places = await audit.after('', 10);
    for (const [query, expected] of [
      [{}, [0, 1, 2, 3, 4]],
      [{ agentId: 'a' }, [0, 3]],
      [{ operationId: 'o2' }, [1, 2, 3]],
      [{ agentId: 'a', operationId: 'o2' }, [3]],
      [{ since: at(2) }, [1, 2, 3]],
      [{ agentId: 'nobody' }, []],
    ] as const) {
      for (const limit of [1, 2, 10]) {
        const found: string[] = [];
        let page = { position: '', more: true };
        while (page.more) {
          const next = await audit.search(query, { after: page.position, limit });
          found.push(...next.found.map(({ position }) => position));
          expect(next.found.length).toBeLessThanOrEqual(limit);
          if (next.found.length === limit) expect(next.position).toBe(next.found.at(-1)?.position);
          page = next;
        }
        expect(found).toEqual(expected.map(n => places[n]?.position));
        expect(page.position).toBe(last);
      }
    }
    const first = { after: '', upTo: places[2]?.position ?? '', limit: 10 };
    expect((await audit.search({ operationId: 'o2' }, first)).found.map(one => one.entry)).toEqual(
      pick(1, 2),
    );
    expect(await audit.search({ agentId: 'b' }, { ...first, after: places[1]?.position ?? '' })).toEqual({
      found: [],
      position: places[2]?.position,
      more: false,
    });
    expect((await audit.search({}, first)).found.map(one => one.entry)).toEqual(pick(0, 1, 2));
  });

  it('finds an agent and an operation among thousands, and each as often as it is there', async () => {
    const { audit, records } = store();
    const entriesOf = (n: number) => [
      entry({ agentId: `a${n % 700}`, operationId: n < 1000 ? 'bulk' : `o${n}`, reason: `${n}` }),
    ];
    const steps = Array.from({ length: 2000 }, (_, n) =>
      change(`r${n}`, null, '{}', { audit: entriesOf(n) }),
    );
    await records.commit(steps.slice(0, 1500));
    for (const step of steps.slice(1500, 1520)) await audit.append(step.audit);
    const reasons = async (query: AuditQuery) =>
      (await collect(audit.query(query))).map(({ reason }) => reason);
    expect(await reasons({ agentId: 'a5' })).toEqual(['5', '705', '1405']);
    expect(await reasons({ agentId: 'a110' })).toEqual(['110', '810', '1510']);
    expect(await reasons({ operationId: 'bulk' })).toEqual(Array.from({ length: 1000 }, (_, n) => `${n}`));
    expect(await reasons({ operationId: 'bulk', agentId: 'a5' })).toEqual(['5', '705']);
    expect(await reasons({ operationId: 'o1511' })).toEqual(['1511']);
    expect(await reasons({ operationId: 'bulk', limit: 3 })).toEqual(['0', '1', '2']);
  });

  it('misses no entry between two positions while many write', async () => {
    const { audit, reopen } = store();
    const others = await reopen();
    const writers = [audit, others.audit].map(async (log, writer) => {
      for (let n = 0; n < 20; n++) await log.append([entry({ reason: `${writer}-${n}` })]);
    });
    const read: (string | undefined)[] = [];
    let position = '';
    let open = true;
    const done = Promise.all(writers).then(() => {
      open = false;
    });
    for (let isLast = false; !isLast; ) {
      // Asked before the look: what was written while it was under way needs another one.
      const wasOpen = open;
      const page = await audit.after(position, 3);
      read.push(...page.map(place => place.entry?.reason));
      position = page.at(-1)?.position ?? position;
      isLast = !wasOpen && page.length === 0;
    }
    await done;
    expect(read).toHaveLength(40);
    expect(new Set(read).size).toBe(40);
  });

  it('gives long answers whole, and lets the reader leave early', async () => {
    const { audit } = store();
    const many = Array.from({ length: 2300 }, (_, n) => entry({ timestamp: at(n), reason: `${n}` }));
    await audit.append(many);
    expect(await collect(audit.query({}))).toEqual(many);
    expect(await collect(audit.query({ limit: 1500 }))).toEqual(many.slice(0, 1500));
    for await (const { reason } of audit.query({})) if (reason === '7') break;
    await audit.append([]);
    await audit.append([entry({ agentId: 'last' })]);
    expect(await collect(audit.query({ agentId: 'last' }))).toHaveLength(1);
  });
}
