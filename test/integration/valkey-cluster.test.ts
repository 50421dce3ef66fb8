import { randomUUID } from 'node:crypto';
import { Cluster } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openValkey } from '../../lib/adapters/valkey/index.js';
import { type RecordsUnderTest, recordsConformance } from '../conformance/records.js';
import { freePort, type Server, startServer } from './valkey-servers.js';

const SLOTS = 16_384;
let nodes: Server[];
let others: Cluster;
let url: string;

beforeAll(async () => {
  nodes = await Promise.all(
    [0, 1, 2].map(async () =>
      startServer({
        config: [
          'cluster-enabled yes',
          `cluster-port ${await freePort()}`,
          'cluster-node-timeout 1000',
          'cluster-require-full-coverage no',
        ],
      }),
    ),
  );
  await Promise.all(
    nodes.map(({ admin }, n) =>
      admin.cluster('ADDSLOTSRANGE', Math.ceil((SLOTS * n) / 3), Math.ceil((SLOTS * (n + 1)) / 3) - 1),
    ),
  );
  const [first, ...more] = nodes as [Server, ...Server[]];
  const [, port = ''] = String(await first.admin.config('GET', 'cluster-port')).split(',');
  for (const { admin } of more) await admin.cluster('MEET', '127.0.0.1', first.port, Number(port));
  for (const { admin } of nodes) {
    await vi.waitFor(async () => {
      expect(await admin.cluster('INFO')).toMatch(/cluster_state:ok[\s\S]*known_nodes:3/);
    }, 20_000);
  }
  url = `redis+cluster://${nodes.map(({ address }) => address).join(',')}`;
  others = new Cluster(nodes.map(({ port }) => ({ host: '127.0.0.1', port })));
});
afterAll(() => others.disconnect());

function open(keyPrefix: string): RecordsUnderTest {
  const { records, audit, close } = openValkey({ url, keyPrefix });
  return {
    records,
    audit,
    close,
    seedForeign: async (agentId, bytes) => {
      await others.set(`${keyPrefix}agent:${agentId}`, Buffer.from(bytes));
    },
    reopen: async () => open(keyPrefix),
  };
}

recordsConformance('Valkey Cluster', async () => open(`{${randomUUID()}}:`));

describe('a store on a cluster', () => {
  const record = '{"status":"running"}';
  const ids = Array.from({ length: 900 }, (_, n) => `a${n}`);

  async function scanned(store: RecordsUnderTest): Promise<string[]> {
    const found: string[] = [];
    for await (const page of store.records.scan('all')) found.push(...page.map(({ agentId }) => agentId));
    return [...new Set(found)].sort();
  }

  it('finds 900 records, whichever node has them, and no others', async () => {
    await Promise.all(ids.map(id => others.set(`orchestrator:agent:${id}`, record)));
    for (const tag of ['{a}:', '{b}:', '{c}:']) {
      const store = open(tag);
      await Promise.all(ids.map(id => others.set(`${tag}agent:${id}`, record)));
      expect(await scanned(store)).toEqual([...ids].sort());
      await store.close();
    }
    const sizes = await Promise.all(nodes.map(({ admin }) => admin.dbsize()));
    expect(Math.min(...sizes)).toBeGreaterThan(900);
  });

  it('fails at once when no node answers', async () => {
    const store = openValkey({
      url: `redis+cluster://127.0.0.1:${await freePort()}`,
      keyPrefix: '{a}:',
      deadlineMs: 600_000,
    });
    await expect(store.records.debts('h1', 1, 1)).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(await store.probe()).toEqual({ name: 'store', ok: false, detail: 'The store cannot be reached' });
    await store.close();
  });

  it('is told that its URL must say so', async () => {
    const store = openValkey({ url: `redis://${nodes[0]?.address}` });
    const detail = 'The store is a cluster, and its URL does not say so';
    expect(await store.probe()).toEqual({ name: 'store', ok: false, detail });
    await store.close();
  });

  it('is unavailable, not empty, while the node with its records is gone', async () => {
    const owner = await Promise.all(
      nodes.map(({ admin }) => admin.exists('{lost}:agent:a0').catch(() => -1)),
    );
    const { pid } = nodes[owner.findIndex(found => found >= 0)] as Server;
    const store = open('{lost}:');
    await store.seedForeign('a0', record);
    expect(await scanned(store)).toEqual(['a0']);
    process.kill(pid, 'SIGSTOP');
    try {
      const step = { document: { kind: 'agent', id: 'a0' }, expect: record, next: null, audit: [] } as const;
      await expect(scanned(store)).rejects.toMatchObject({ code: 'store_unavailable' });
      await expect(store.records.commit([step])).rejects.toMatchObject({ code: 'store_unavailable' });
      // By now the others have found it missing, too.
      const other = nodes.find(node => node.pid !== pid) as Server;
      await vi.waitFor(
        async () => expect(await other.admin.cluster('INFO')).toContain('slots_fail:54'),
        20_000,
      );
      await expect(scanned(store)).rejects.toMatchObject({ code: 'store_unavailable' });
      const late = open('{lost}:');
      await expect(scanned(late)).rejects.toMatchObject({ code: 'store_unavailable' });
      await late.close();
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await vi.waitFor(async () => expect((await scanned(store)).length).toBeLessThanOrEqual(1), 20_000);
    await store.close();
  });
});
