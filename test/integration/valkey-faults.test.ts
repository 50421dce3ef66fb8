import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { inspect } from 'node:util';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { ValkeyStore } from '../../lib/adapters/valkey/index.js';
import { temporaryDirectory } from '../services/temporary.js';
import { agent, collect, entry, kill, open } from './valkey-harness.js';
import { freePort, type Server, startServer } from './valkey-servers.js';

const log = () => ({ warn: vi.fn(), error: vi.fn(), info: vi.fn() });
const unavailable = expect.objectContaining({ code: 'store_unavailable' });
const calls: Readonly<Record<string, (store: ValkeyStore) => Promise<unknown>>> = {
  read: ({ records }) => records.read([agent('a')]),
  agents: ({ records }) => records.agents(['a']),
  'scan of the active ones': ({ records }) => collect(records.scan('active')),
  'scan of all': ({ records }) => collect(records.scan('all')),
  commit: ({ records }) => records.commit([kill('a')]),
  debts: ({ records }) => records.debts('h1', 1, 1),
  append: ({ audit }) => audit.append([entry]),
  query: ({ audit }) => collect(audit.query({})),
};
const expectAllUnavailable = (store: ValkeyStore): Promise<unknown> =>
  Promise.all(Object.values(calls).map(call => expect(call(store)).rejects.toEqual(unavailable)));

describe('a store whose server is down', () => {
  it('opens, fails at once rather than at the deadline, tells it once, and works when the server is up', async () => {
    const port = await freePort();
    const told = log();
    const store = open({ url: `redis://127.0.0.1:${port}`, deadlineMs: 600_000, log: told });
    await expectAllUnavailable(store);
    await expectAllUnavailable(store);
    expect(await store.probe()).toEqual({ name: 'store', ok: false, detail: 'The store cannot be reached' });
    await startServer({ port });
    await vi.waitFor(async () => expect(await store.probe()).toEqual({ name: 'store', ok: true }), 10_000);
    expect(await store.records.commit([kill('a')])).toEqual(['committed']);
    expect(told.warn.mock.calls).toEqual([
      [{ reason: 'The store cannot be reached' }, 'The store is out of reach'],
    ]);
    expect(told.info.mock.calls).toEqual([[{}, 'The store answers again']]);
  });

  it('is closed at once', async () => {
    const store = open({ url: `redis://127.0.0.1:${await freePort()}`, deadlineMs: 600_000 });
    await store.close();
    await expectAllUnavailable(store);
  });
});

describe('a store that never gets to its server', () => {
  it('rejects at the deadline, however many Sentinels are still to be asked', async () => {
    const mute = createServer(socket => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const address = `127.0.0.1:${(mute.address() as AddressInfo).port}`;
    const told = log();
    const url = `redis+sentinel://${Array.from({ length: 5 }, () => address).join(',')}/main`;
    const store = open({ url, deadlineMs: 200, log: told });
    await expect(store.records.read([agent('a')])).rejects.toMatchObject({
      message: 'The store does not answer in time',
    });
    // The driver gives up only when it has asked them all.
    expect(told.warn).not.toHaveBeenCalled();
    mute.close();
  });
});

describe('a store whose server freezes', () => {
  let server: Server;
  beforeAll(async () => {
    server = await startServer();
  });

  it.each(Object.keys(calls))('rejects at the deadline and works again afterwards: %s', async name => {
    const call = calls[name] as (store: ValkeyStore) => Promise<unknown>;
    const { pid, address } = server;
    const store = open({ url: `redis://${address}`, deadlineMs: 100 });
    await call(store);
    process.kill(pid, 'SIGSTOP');
    try {
      await expect(call(store)).rejects.toEqual(unavailable);
      expect(await store.probe()).toMatchObject({ ok: false });
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await vi.waitFor(() => call(store), 10_000);
  });

  it('never sends a call again that it gave up', async () => {
    const { pid, address, admin } = server;
    const told = log();
    const store = open({ url: `redis://${address}`, keyPrefix: 'once:', deadlineMs: 100, log: told });
    await store.probe();
    process.kill(pid, 'SIGSTOP');
    try {
      await expect(store.audit.append([entry])).rejects.toMatchObject({
        message: 'The store does not answer in time',
      });
      await vi.waitFor(() => expect(told.warn).toHaveBeenCalledOnce(), 10_000);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await vi.waitFor(() => store.audit.append([{ ...entry, actor: 'bob' }]), 10_000);
    expect(await admin.xlen('once:killswitch:audit')).toBe(2);
    expect((await collect(store.audit.query({}))).map(({ actor }) => actor)).toEqual(['alice', 'bob']);
  });
});

describe('a store that refuses', () => {
  it('as a read-only replica, says so', async () => {
    const [master, replica] = await Promise.all([startServer(), startServer()]);
    await replica.admin.replicaof('127.0.0.1', master.port);
    const store = open({ url: `redis://${replica.address}` });
    await expect(store.records.commit([kill('a')])).rejects.toMatchObject({
      code: 'store_unavailable',
      message: 'The store is a read-only replica',
    });
    const detail = 'The store is a read-only replica';
    expect(await store.probe()).toEqual({ name: 'store', ok: false, detail });
  });

  it('as it is still loading, says so', async () => {
    const folder = temporaryDirectory();
    const before = await startServer({ config: [`dir ${folder}`] });
    const keys = Array.from({ length: 300 }, (_, n) => [`key ${n}`, 'x'.repeat(100)]);
    await before.admin.mset(...keys.flat());
    await before.admin.save();
    await before.stop();
    const { address } = await startServer({
      config: [`dir ${folder}`, 'key-load-delay 5000', 'loading-process-events-interval-bytes 1024'],
    });
    const store = open({ url: `redis://${address}` });
    const detail = 'The store is loading its data';
    expect(await store.probe()).toEqual({ name: 'store', ok: false, detail });
    await vi.waitFor(async () => expect(await store.probe()).toEqual({ name: 'store', ok: true }), 20_000);
  });

  it('asks for a password, and shows it to no one', async () => {
    const { address } = await startServer({ password: 'hunter2' });
    const told = log();
    const detail = 'The store refuses the credentials';
    for (const login of ['', ':hunter3@', 'bob:hunter3@']) {
      const store = open({ url: `redis://${login}${address}`, log: told });
      const error: unknown = await store.records.read([agent('a')]).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'store_unavailable', message: detail });
      expect(inspect(error, { depth: 9 })).not.toMatch(/hunter/);
      expect(await store.probe()).toEqual({ name: 'store', ok: false, detail });
    }
    expect(told.warn.mock.calls).toEqual(
      Array.from({ length: 3 }, () => [{ reason: detail }, 'The store is out of reach']),
    );
    const store = open({ url: `redis://:hunter2@${address}/1` });
    expect(await store.records.commit([kill('a')])).toEqual(['committed']);
  });
});
