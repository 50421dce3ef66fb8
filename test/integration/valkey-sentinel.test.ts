import { expect, it, vi } from 'vitest';
import { openValkey } from '../../lib/adapters/valkey/index.js';
import type { Step } from '../../lib/ports/records.js';
import { freePort, startServer } from './valkey-servers.js';

const password = 'hunter2';
const login = { password, config: [`masterauth ${password}`] };
const create = (id: string): Step => ({
  document: { kind: 'agent', id },
  expect: null,
  next: '{"status":"running"}',
  audit: [],
});

it('follows a failover that the Sentinel decides, and nothing hangs meanwhile', async () => {
  const [master, replica] = await Promise.all([startServer(login), startServer(login)]);
  await replica.admin.replicaof('127.0.0.1', master.port);
  await vi.waitFor(async () => {
    expect(await replica.admin.info('replication')).toContain('master_link_status:up');
  }, 20_000);
  const sentinel = await startServer({
    mode: 'sentinel',
    password: 'other',
    config: [
      `sentinel monitor main 127.0.0.1 ${master.port} 1`,
      `sentinel auth-pass main ${password}`,
      'sentinel down-after-milliseconds main 300',
      'sentinel failover-timeout main 2000',
    ],
  });
  await vi.waitFor(async () => {
    expect(await sentinel.admin.call('SENTINEL', 'REPLICAS', 'main')).toHaveLength(1);
  }, 20_000);

  const dead = await freePort();
  const url = `redis+sentinel://:${password}@127.0.0.1:${dead},${sentinel.address}/main?sentinelPassword=other`;
  const warn = vi.fn();
  const store = openValkey({ url, log: { warn, error: vi.fn(), info: vi.fn() } });
  const { records, probe, close } = store;
  await vi.waitFor(async () => expect(await probe()).toEqual({ name: 'store', ok: true }), 20_000);
  warn.mockClear();
  expect(await records.commit([create('before')])).toEqual(['committed']);
  expect(await master.admin.wait(1, 5000)).toBe(1);

  await master.stop();
  await expect(records.commit([create('amid')])).rejects.toMatchObject({ code: 'store_unavailable' });
  await vi.waitFor(async () => expect((await probe()).ok).toBe(true), 25_000);
  expect(warn.mock.calls).toEqual([[{ reason: 'The store cannot be reached' }, 'The store is out of reach']]);
  expect((await records.agents(['before'])).length).toBe(1);
  expect(await records.commit([create('after')])).toEqual(['committed']);
  expect(await replica.admin.exists('orchestrator:agent:after')).toBe(1);
  await close();
});
