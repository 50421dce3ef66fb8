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
