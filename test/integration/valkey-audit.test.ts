import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { segmentsOf } from '../../lib/adapters/valkey/audit-index.js';
import type { ValkeyStore } from '../../lib/adapters/valkey/index.js';
import type { AuditQuery } from '../../lib/ports/audit.js';
import { collect, entry, kill, open } from './valkey-harness.js';
import { type Server, startServer } from './valkey-servers.js';

const AUDIT = 'orchestrator:killswitch:audit';

describe('the index of the audit', () => {
  let server: Server;
  let store: ValkeyStore;
  beforeAll(async () => {
    server = await startServer();
  });
  beforeEach(async () => {
    await server.admin.flushall();
    store = open({ url: `redis://${server.address}` });
  });

  /** As a program writes it that knows nothing of the index. */
  const writePast = (agentId: string, operationId: string, reason: string) =>
    server.admin.xadd(AUDIT, '*', 'entry', JSON.stringify({ ...entry, agentId, operationId, reason }));
  const write = (agentId: string, operationId: string, reason: string) =>
    store.audit.append([{ ...entry, agentId, operationId, reason }]);
  const reasons = async (query: AuditQuery) =>
    (await collect(store.audit.query(query))).map(({ reason }) => reason);
  /** How many pages of streams the server has read for this. */
  async function pagesReadFor(work: () => Promise<unknown>): Promise<number> {
    await server.admin.config('RESETSTAT');
    await work();
    const stats = await server.admin.info('commandstats');
    return Number(/cmdstat_xrange:calls=(\d+)/.exec(stats)?.[1] ?? 0);
  }

  it('finds what was written before there was one, and past it by an older version, in between and after', async () => {
    await writePast('a', 'o1', '1');
    await writePast('b', 'o1', '2');
    await write('a', 'o2', '3');
    await write('b', 'o2', '4');
    await writePast('a', 'o2', '5');
    await store.records.commit([kill('a')]);
    await write('a', 'o3', '6');
    await writePast('a', 'o3', '7');
    expect(await reasons({ agentId: 'a' })).toEqual(['1', '3', '5', undefined, '6', '7']);
    expect(await reasons({ agentId: 'b' })).toEqual(['2', '4']);
    expect(await reasons({ operationId: 'o2' })).toEqual(['3', '4', '5']);
    expect(await reasons({ operationId: 'o3', agentId: 'a' })).toEqual(['6', '7']);
    const [first] = (await store.audit.search({ agentId: 'a' }, { after: '', limit: 1 })).found;
    const rest = await store.audit.search({ agentId: 'a' }, { after: first?.position ?? '', limit: 10 });
    expect(rest.found.map(one => one.entry.reason)).toEqual(['3', '5', undefined, '6', '7']);
  });

  it('does not read the whole audit for one agent or operation', async () => {
    const many = Array.from({ length: 20_000 }, (_, n) => ({
      ...entry,
      agentId: `a${n}`,
      operationId: `o${n % 100}`,
    }));
    await store.audit.append(many);
    expect(await pagesReadFor(() => reasons({ agentId: 'a777' }))).toBeLessThanOrEqual(4);
    expect(await pagesReadFor(() => reasons({}))).toBeGreaterThanOrEqual(40);
    const memory = async (key: string) => Number(await server.admin.memory('USAGE', key, 'SAMPLES', 0));
    const keys = await server.admin.keys(`${AUDIT}:index*`);
    const index = (await Promise.all(keys.map(memory))).reduce((sum, bytes) => sum + bytes, 0);
    // Each of the 256 buckets has a page that is not full.
    expect(index - keys.length * 4_096).toBeLessThan(0.3 * (await memory(AUDIT)));
  });

  it('keeps the ranges that it does not know few, and finds everything all the same', async () => {
    for (let n = 0; n < 100; n++) {
      await writePast('a', 'o', `past ${n}`);
      await write('a', 'o', `${n}`);
    }
    const gaps = (await server.admin.hget(`${AUDIT}:index`, 'gaps')) ?? '';
    expect(gaps.split(',').length).toBeLessThanOrEqual(32);
    expect(await reasons({ agentId: 'a' })).toEqual(
      Array.from({ length: 100 }, (_, n) => [`past ${n}`, `${n}`]).flat(),
    );
  });

  it.each([
    ['its state', 'index'],
    ['every bucket', 'bucket'],
  ])(
    'is done without where %s is a key of another type: nothing is refused, nothing missed',
    async (_, name) => {
      await write('a', 'o', '1');
      const keys = await server.admin.keys(`${AUDIT}:index:*`);
      for (const key of name === 'index' ? [`${AUDIT}:index`] : keys) {
        await server.admin.del(key);
        await server.admin.set(key, 'x');
      }
      await write('a', 'o', '2');
      expect(await store.records.commit([kill('a')])).toEqual(['committed']);
      const found = await reasons({ agentId: 'a' });
      expect(found.slice(-2)).toEqual(['2', undefined]);
      if (name === 'index') expect(found).toEqual(['1', '2', undefined]);
    },
  );

  it('survives that the audit is cut off before some place, and begins anew', async () => {
    await write('a', 'o', '1');
    await write('a', 'o', '2');
    await server.admin.xtrim(AUDIT, 'MAXLEN', 1);
    await write('a', 'o', '3');
    expect(await reasons({ agentId: 'a' })).toEqual(['2', '3']);
    await server.admin.del(AUDIT);
    await write('a', 'o', '4');
    expect(await reasons({ agentId: 'a' })).toEqual(['4']);
  });

  it('gives an entry once where two elements of the index name it', async () => {
    await write('a', 'o', '1');
    for (const key of await server.admin.keys(`${AUDIT}:index:*`)) {
      const [[id = '', fields = []] = []] = await server.admin.xrevrange(key, '+', '-', 'COUNT', 1);
      await server.admin.xadd(key, `${id.split('-')[0]}-*`, ...fields);
    }
    expect(await reasons({ agentId: 'a' })).toEqual(['1']);
    expect(await reasons({ operationId: 'o' })).toEqual(['1']);
  });

  it('cuts what is asked for into what is known and what has to be read through', () => {
    const state = ['50-0', '0-0 10-0,20-0 30-0'];
    const whole = { after: '0-0', upTo: '60-5' };
    expect(segmentsOf(state, whole)).toEqual([
      { after: '0-0', upTo: '10-0', indexed: false },
      { after: '10-0', upTo: '20-0', indexed: true },
      { after: '20-0', upTo: '30-0', indexed: false },
      { after: '30-0', upTo: '50-0', indexed: true },
      { after: '50-0', upTo: '60-5', indexed: false },
    ]);
    expect(segmentsOf(state, { after: '25-3', upTo: '25-4' })).toEqual([
      { after: '25-3', upTo: '25-4', indexed: false },
    ]);
    expect(segmentsOf(state, { after: '12-0', upTo: '15-0' })).toEqual([
      { after: '12-0', upTo: '15-0', indexed: true },
    ]);
    expect(segmentsOf(state, { after: '60-5', upTo: '60-5' })).toEqual([]);
    expect(segmentsOf([null, null], whole)).toEqual([{ ...whole, indexed: false }]);
    expect(segmentsOf([], { after: '9-1', upTo: '10-0' })).toEqual([
      { after: '9-1', upTo: '10-0', indexed: false },
    ]);
  });
});
