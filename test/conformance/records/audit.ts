import { expect, it } from 'vitest';
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

  it('misses nobody between two positions while many write', async () => {
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
    for (let more = true; more || open; ) {
      const page = await audit.after(position, 3);
      read.push(...page.map(place => place.entry?.reason));
      position = page.at(-1)?.position ?? position;
      more = page.length > 0;
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
