import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqlite, type SqliteStore } from '../../lib/adapters/sqlite/index.js';
import { DISK } from '../../lib/adapters/sqlite/messages.js';
import { agent, change, LATCH, running } from '../conformance/records/harness.js';
import { fakeCore, killAllOf, killOf, startOn, stopOn } from '../fakes/core.js';

const root = mkdtempSync(join(tmpdir(), 'killswitch-frozen-'));
afterAll(() => rmSync(root, { recursive: true }));

const silent = { code: 'store_unavailable', message: 'The store does not answer' };
let disk: Int32Array;
let store: SqliteStore;
const set = (state: number): void => {
  disk[0] = state;
  Atomics.notify(disk, 0);
};
beforeEach(async () => {
  disk = new Int32Array(new SharedArrayBuffer(4));
  store = await openSqlite({
    path: join(mkdtempSync(join(root, 'state-')), 'state.db'),
    disk,
    deadlineMs: 300,
  });
});
afterEach(async () => {
  set(0);
  await store.close();
});

describe('the embedded store, while its disk does not answer,', () => {
  it('rejects what waits for it at the deadline, and what comes after that at once', async () => {
    const { records, audit, probe } = store;
    set(DISK.hangs);
    await expect(records.commit([change('a', null, '1')])).rejects.toMatchObject(silent);
    const told: string[] = [];
    const calls = [
      records.read([LATCH]),
      records.commit([change('b', null, '1')]),
      audit.last(),
      probe().then(health => (health.ok ? health : Promise.reject(health))),
    ].map(call => call.catch(() => void told.push('rejected')));
    turn().then(() => told.push('turn'));
    await Promise.all(calls);
    expect(told).toEqual(['rejected', 'rejected', 'rejected', 'rejected']);
  });

  it('does not begin later what was given up while it waited its turn', async () => {
    const { records } = store;
    set(DISK.hangs);
    const [first, second] = [
      records.commit([change('a', null, '1')]),
      records.commit([change('b', null, '1')]),
    ];
    for (const call of [first, second]) await expect(call).rejects.toMatchObject(silent);
    set(0);
    await expect.poll(() => records.read([agent('a')]).catch(() => 'not yet')).toEqual(['1']);
    expect(await records.read([agent('b')])).toEqual([null]);
  });

  it('can be closed', async () => {
    set(DISK.hangs);
    const commit = store.records.commit([change('a', null, '1')]);
    await Promise.all([store.close(), expect(commit).rejects.toMatchObject(silent)]);
    await expect(store.records.read([LATCH])).rejects.toMatchObject(silent);
  });

  it('keeps no kill from stopping: it is answered as degraded, and carried out when the disk is back', async () => {
    const bed = fakeCore({ records: store.records, audit: store.audit });
    const stop = stopOn(bed.core);
    const agents = [await bed.agent('a1'), await bed.agent('a2'), await bed.agent('a3')];
    await store.records.commit(['a1', 'a2', 'a3'].map(id => change(id, null, running(id), { active: true })));
    await startOn(bed.core);
    set(DISK.hangs);
    const receipts = [await stop.stop(killOf('a1')), await stop.stop(killAllOf())];
    expect(receipts).toMatchObject([
      { degraded: true, verified: false, total: 1, killed: 1 },
      { degraded: true, verified: false },
    ]);
    for (const one of agents) expect(await one.isAlive()).toBe(false);
    expect(bed.journal.memory.size).toBe(2);
    set(0);
    await expect.poll(() => store.records.read([LATCH]).catch(() => 'not yet')).toEqual([null]);
    await startOn(bed.core);
    await stop.idle();
    expect(bed.journal.memory.size).toBe(0);
    for (const { raw, tombstoned } of await store.records.agents(['a1', 'a2', 'a3'])) {
      expect(JSON.parse(raw ?? '')).toMatchObject({ status: 'killed' });
      expect(tombstoned).toBe(true);
    }
  });
});

it('starts the thread of the embedded store again after it has ended by itself', async () => {
  const { records } = store;
  expect(await records.commit([change('a', null, '1')])).toEqual(['committed']);
  set(DISK.crashes);
  await expect(records.commit([change('a', '1', '2')])).rejects.toMatchObject(silent);
  set(0);
  await expect.poll(() => records.read([agent('a')]).catch(() => 'not yet')).toEqual(['1']);
  expect(await records.commit([change('a', '1', '2')])).toEqual(['committed']);
});
