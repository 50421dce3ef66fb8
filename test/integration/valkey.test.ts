import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ValkeyStore } from '../../lib/adapters/valkey/index.js';
import type { AuditEntry } from '../../lib/domain/audit-entry.js';
import { readRecord, type Stored } from '../../lib/domain/record.js';
import type { Step } from '../../lib/ports/records.js';
import { agent, collect, entry, kill, open } from './valkey-harness.js';
import { type Server, startServer } from './valkey-servers.js';

const LATCH = { kind: 'latch', id: '' } as const;

describe('a store', () => {
  let server: Server;
  let store: ValkeyStore;
  beforeAll(async () => {
    server = await startServer();
  });
  beforeEach(async () => {
    await server.admin.flushall();
    store = open({ url: `redis://${server.address}` });
  });

  it('commits when the server has forgotten the script, before and during it', async () => {
    const ids = Array.from({ length: 1000 }, (_, n) => `a${n}`);
    expect(await store.records.commit([kill('first')])).toEqual(['committed']);
    await server.admin.script('FLUSH');
    expect(await store.records.commit([kill('second')])).toEqual(['committed']);
    let going = true;
    const flushing = (async () => {
      while (going) await server.admin.script('FLUSH');
    })();
    const results = await store.records.commit(ids.map(id => kill(id))).finally(() => {
      going = false;
    });
    await flushing;
    expect(results).toEqual(ids.map(() => 'committed'));
    expect(await server.admin.xlen('orchestrator:killswitch:audit')).toBe(1002);
  });

  it('commits and keeps the audit when the memory is used up', async () => {
    await server.admin.config('SET', 'maxmemory', '1', 'maxmemory-policy', 'noeviction');
    try {
      await expect(server.admin.set('any', 'thing')).rejects.toThrow('OOM');
      expect(await store.records.commit([kill('a')])).toEqual(['committed']);
      await store.audit.append([entry]);
      expect(await store.probe()).toEqual({ name: 'store', ok: true });
      expect(await collect(store.audit.query({}))).toHaveLength(2);
    } finally {
      await server.admin.config('SET', 'maxmemory', '0');
    }
  });

  it.each<[string, Partial<Step>]>([
    ['lets an agent run', { admission: { latch: null }, active: true }],
    ['ends one', { active: false, audit: [{ ...entry, operation: 'TRANSITION_AGENT' }] }],
    ['only changes a record', {}],
    [
      'releases the latch',
      { document: LATCH, expect: '{}', audit: [{ ...entry, operation: 'RESET_LATCH' }] },
    ],
  ])('refuses what %s when the memory is used up, beside stops that pass', async (_, more) => {
    const step: Step = {
      document: agent('b'),
      expect: null,
      next: '{"status":"running"}',
      audit: [],
      ...more,
    };
    await store.records.commit([{ document: LATCH, expect: null, next: '{}', audit: [] }]);
    await server.admin.config('SET', 'maxmemory', '1', 'maxmemory-policy', 'noeviction');
    try {
      const refused = { code: 'store_unavailable', message: 'The store is out of memory' };
      await expect(store.records.commit([step])).rejects.toMatchObject(refused);
      await expect(store.records.commit([kill('a'), step, kill('c')])).rejects.toMatchObject(refused);
      const denied: AuditEntry = { ...entry, operation: 'ACCESS_DENIED', phase: 'refused' };
      await expect(store.audit.append([entry, denied])).rejects.toMatchObject(refused);
      const settled: Step = { ...kill('a', '{"status":"killed"}'), debt: { host: 'h1', dueAt: null } };
      expect(await store.records.commit([settled, kill('d')])).toEqual(['committed', 'committed']);
    } finally {
      await server.admin.config('SET', 'maxmemory', '0');
    }
    expect(await store.records.read([agent('b'), LATCH])).toEqual([null, '{}']);
  });

  it('keeps a foreign record byte for byte', async () => {
    const foreign = '{ "n": 12345678901234567890, "status":"running", "list": [], "x":1.0 }';
    await server.admin.set('orchestrator:agent:f', foreign);
    const [found] = await store.records.agents(['f']);
    expect(found?.raw).toBe(foreign);
    const next = foreign.replace('running', 'killed');
    expect(await store.records.commit([{ ...kill('f', foreign), next }])).toEqual(['committed']);
    expect(await server.admin.get('orchestrator:agent:f')).toBe(next);
  });

  it.each<[string, (server: Server, key: string) => Promise<unknown>]>([
    ['a list', ({ admin }, key) => admin.rpush(key, 'x')],
    ['a hash', ({ admin }, key) => admin.hset(key, 'status', 'running')],
    ['a set', ({ admin }, key) => admin.sadd(key, 'x')],
    ['a stream', ({ admin }, key) => admin.xadd(key, '*', 'a', 'b')],
  ])('leaves a record alone that its owner keeps as %s, and shows it as unreadable', async (_, keep) => {
    const key = 'orchestrator:agent:theirs';
    await keep(server, key);
    const before = await server.admin.dumpBuffer(key);
    expect(await store.records.read([agent('theirs')])).toEqual([undefined]);
    const [found] = await store.records.agents(['theirs']);
    expect(readRecord(found as Stored)).toEqual({
      kind: 'unreadable',
      agentId: 'theirs',
      why: 'the key is not a string',
    });
    const deletion = { document: agent('theirs'), expect: null, next: null, audit: [] };
    expect(await store.records.commit([kill('theirs', 'x'), kill('theirs'), deletion, kill('ours')])).toEqual(
      ['conflict', 'conflict', 'conflict', 'committed'],
    );
    expect(await server.admin.dumpBuffer(key)).toEqual(before);
    expect(await server.admin.hkeys('orchestrator:killswitch:tombstones')).toEqual(['ours']);
  });

  it.each(['all', 'active'] as const)('finds only agents among foreign keys: %s', async scope => {
    const names = ['', '-x', 'a b', 'ok', 'x'.repeat(129)];
    const keys = [...names.map(name => `orchestrator:agent:${name}`), 'agent:other', 'orchestrator:agents:y'];
    await Promise.all(keys.map(key => server.admin.set(key, '{}')));
    await server.admin.sadd('orchestrator:killswitch:active', ...names);
    const found = (await collect(store.records.scan(scope))).flat();
    expect(found.map(({ agentId }) => agentId)).toEqual(['ok']);
  });

  it('never changes a tombstone', async () => {
    await store.records.commit([kill('a')]);
    await store.records.commit([{ ...kill('a', '{"status":"killed"}'), tombstone: 'another' }]);
    expect(await server.admin.hgetall('orchestrator:killswitch:tombstones')).toEqual({ a: 't' });
  });

  it.each(['active', 'tombstones', 'audit', 'pending:h1'])(
    'writes nothing at all when %s holds something else',
    async name => {
      const key = `orchestrator:killswitch:${name}`;
      await server.admin.set(key, 'spoilt');
      await expect(store.records.commit([kill('a')])).rejects.toMatchObject({
        code: 'store_unavailable',
        message: 'A key of the killswitch holds another type',
      });
      expect(await server.admin.keys('*')).toEqual([key]);
    },
  );

  it('lets the last step of a call decide about index and debt', async () => {
    const again = '{"status":"killed"}';
    await store.records.commit([
      { ...kill('a'), active: true },
      kill('a', again),
      { ...kill('b'), active: false, debt: { host: 'h1', dueAt: null } },
      { ...kill('b', again), active: true },
    ]);
    expect(await server.admin.smembers('orchestrator:killswitch:active')).toEqual(['b']);
    await store.records.commit([{ ...kill('a', again), debt: { host: 'h1', dueAt: null } }]);
    expect(await store.records.debts('h1', 1, 10)).toEqual(['b']);
  });

  it('passes over what is no entry in the audit', async () => {
    const key = 'orchestrator:killswitch:audit';
    await server.admin.xadd(key, '*', 'entry', 'no JSON');
    await server.admin.xadd(key, '*', 'other', '{}');
    await store.audit.append([entry]);
    expect(await collect(store.audit.query({ since: entry.timestamp }))).toEqual([entry]);
  });

  /** How often the server was asked for names of keys, and for texts. */
  async function askedFor(work: () => Promise<unknown>): Promise<{ scan: number; mget: number }> {
    await server.admin.config('RESETSTAT');
    await work();
    const stats = await server.admin.info('commandstats');
    const calls = (name: string) => Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
    return { scan: calls('scan'), mget: calls('mget') };
  }

  it('reads of a page of agents that page alone, and looks for names of keys before the first one only', async () => {
    const ids = Array.from({ length: 5_000 }, (_, n) => `a${10_000 + n}`);
    await server.admin.mset(ids.flatMap(id => [`orchestrator:agent:${id}`, '{"status":"running"}']));
    let after = '';
    const page = async () => {
      const { agents, next = '' } = await store.records.page(after, 100);
      after = next;
      return agents.map(({ agentId }) => agentId);
    };
    const first = await askedFor(async () => expect(await page()).toEqual(ids.slice(0, 100)));
    expect(first.scan).toBeGreaterThan(0);
    expect(first.mget).toBe(1);
    const second = await askedFor(async () => expect(await page()).toEqual(ids.slice(100, 200)));
    expect(second).toEqual({ scan: 0, mget: 1 });
  });

  it('begins to know who is there with whichever page is asked for first', async () => {
    await server.admin.set('orchestrator:agent:b', '{}');
    expect((await store.records.page('a', 10)).agents).toHaveLength(1);
  });

  it('forgets agents that were deleted by others, and no others', async () => {
    const known = 'orchestrator:killswitch:agents';
    await store.records.commit([kill('a'), kill('b'), kill('c')]);
    await server.admin.del('orchestrator:agent:a', 'orchestrator:agent:b');
    await server.admin.rpush('orchestrator:agent:b', 'x');
    const listed = (await store.records.page('', 10)).agents.map(({ agentId }) => agentId);
    expect(listed).toEqual(['b', 'c']);
    expect(await server.admin.zrange(known, '0', '-1')).toEqual(['b', 'c']);
  });

  it('lists no agent where the index of the agents is another key, and stops all the same', async () => {
    await server.admin.set('orchestrator:killswitch:agents', 'x');
    expect(await store.records.commit([kill('a')])).toEqual(['committed']);
    await expect(store.records.page('', 10)).rejects.toMatchObject({ code: 'store_unavailable' });
  });
});
