import { describe, expect, it } from 'vitest';
import type { AuditEntry } from '../../../lib/domain/audit-entry.js';
import { createNotifier } from '../../../lib/notify/notifier.js';
import { observeCommits } from '../../../lib/store/observe-commits.js';
import { fakeCore, killOf, stopOn } from '../../fakes/core.js';
import { fakeReceiver } from '../../fakes/receiver.js';

const entry: AuditEntry = {
  timestamp: '2026-11-22T10:00:00.000Z',
  operation: 'ENGAGE_LATCH',
  phase: 'done',
  actor: 'alice',
};

describe('a notifier', () => {
  it('looks by itself again and again, and sooner when it is woken, also during a poll', async () => {
    const { core } = fakeCore();
    const clock = { now: Date.now, monotonic: () => performance.now() };
    const receiver = fakeReceiver();
    const notifier = createNotifier({ ...core, clock }, receiver);
    await notifier.look();
    await core.audit.append([entry]);
    let release = () => {};
    receiver.answer(
      () =>
        new Promise(resolve => {
          release = () => resolve(undefined);
        }),
    );
    notifier.start();
    await expect.poll(() => receiver.tried).toHaveLength(1);
    await core.audit.append([entry]);
    notifier.wake();
    notifier.wake();
    await new Promise(resolve => setTimeout(resolve, 100));
    receiver.answer(undefined);
    release();
    await expect.poll(() => receiver.taken).toHaveLength(2);
    await core.audit.append([entry]);
    await expect.poll(() => receiver.taken).toHaveLength(3);
    await notifier.close();
    await core.audit.append([entry]);
    notifier.wake();
    await notifier.look();
    expect(receiver.taken).toHaveLength(3);
  });

  it('gives up the message under way when it is closed, and leaves it to the next process', async () => {
    const { core, store } = fakeCore();
    let sent = false;
    const receiver = fakeReceiver({
      send: (_, signal) =>
        new Promise(resolve => {
          sent = true;
          signal.addEventListener('abort', () => resolve({ problem: 'given up' }));
        }),
    });
    const notifier = createNotifier(core, receiver);
    await notifier.look();
    await core.audit.append([entry, entry]);
    const look = notifier.look();
    await expect.poll(() => sent).toBe(true);
    await notifier.close();
    await look;
    expect(notifier.status()).toMatchObject({ delivered: 0, failed: 0 });
    expect(JSON.parse(store.memory.documents.get('memory:notify:OPS')?.raw ?? '')).toEqual({
      position: '',
      aside: [],
    });
    const next = fakeReceiver();
    await createNotifier(core, next).look();
    expect(next.taken).toHaveLength(2);
  });

  it('gives up one that was refused before in the same way', async () => {
    const { core, clock, store } = fakeCore();
    const receiver = fakeReceiver();
    const notifier = createNotifier(core, receiver);
    await notifier.look();
    await core.audit.append([entry]);
    receiver.answer(() => ({ problem: 'no', refused: true }));
    const cursor = () => JSON.parse(store.memory.documents.get('memory:notify:OPS')?.raw ?? '');
    while (cursor().aside.length === 0) {
      await notifier.look();
      clock.advance(60_000);
    }
    const { aside } = cursor();
    clock.advance(60_000);
    receiver.answer(async () => {
      await notifier.close();
      return { problem: 'given up' };
    });
    await notifier.look();
    expect(cursor()).toEqual({ position: '1', aside });
    await notifier.look();
    expect(receiver.tried).toHaveLength(6);
  });

  it.each(['read', 'after', 'commit', 'last'] as const)(
    'goes on where it was when the store answers %s again',
    async method => {
      const { core, store, log } = fakeCore();
      const receiver = fakeReceiver();
      const notifier = createNotifier(core, receiver);
      if (method !== 'last') await notifier.look();
      store.faults.fail(method, { times: 1 });
      if (method !== 'last') await core.audit.append([entry]);
      await notifier.look();
      await notifier.look();
      if (method === 'last') {
        await core.audit.append([entry]);
        await notifier.look();
      }
      expect(receiver.taken).toHaveLength(1);
      expect(log.lines.filter(({ level }) => level === 'error')).toEqual([]);
    },
  );

  it('says so once when its place in the store is no text of ours, and tells nothing twice', async () => {
    const { core, store, log } = fakeCore();
    const receiver = fakeReceiver();
    const notifier = createNotifier(core, receiver);
    const document = { raw: 'not JSON', expiresAt: Number.POSITIVE_INFINITY };
    store.memory.documents.set('memory:notify:OPS', document);
    await core.audit.append([entry]);
    await notifier.look();
    await notifier.look();
    expect(await notifier.probe()).toMatchObject({
      ok: false,
      detail: 'the delivery cursor in the store cannot be read',
    });
    expect(log.lines.map(({ message }) => message)).toEqual(['notifications cannot be sent']);
    store.memory.documents.set('memory:notify:OPS', { raw: undefined, expiresAt: document.expiresAt });
    await notifier.look();
    store.memory.documents.delete('memory:notify:OPS');
    await notifier.look();
    expect(receiver.tried).toEqual([]);
    expect(await notifier.probe()).toMatchObject({ ok: true });
  });

  it('writes its place down while it delivers many, so that a crash repeats little', async () => {
    const { core, clock, store } = fakeCore();
    const receiver = fakeReceiver();
    const notifier = createNotifier(core, receiver);
    await notifier.look();
    await core.audit.append([entry, entry, entry]);
    const places: string[] = [];
    receiver.answer(() => {
      clock.advance(1_500);
      places.push(JSON.parse(store.memory.documents.get('memory:notify:OPS')?.raw ?? '').position);
      return undefined;
    });
    await notifier.look();
    expect(places).toEqual(['', '1', '2']);
  });
});

describe('a store that tells', () => {
  it('reports what was written, and nothing else', async () => {
    const { core, agent } = fakeCore();
    const told: AuditEntry[][] = [];
    const store = observeCommits(core, entries => void told.push([...entries]));
    const document = { kind: 'agent', id: 'x' } as const;
    await store.records.commit([
      { document, expect: 'wrong', next: '1', audit: [entry] },
      { document, expect: null, next: '1', audit: [] },
    ]);
    expect(told).toEqual([]);
    await store.audit.append([entry]);
    await store.audit.append([]);
    expect(told).toEqual([[entry]]);
    await agent('a1');
    await stopOn({ ...core, ...store }).stop(killOf('a1'));
    expect(told.flat().map(({ operation, phase }) => [operation, phase])).toEqual([
      ['ENGAGE_LATCH', 'done'],
      ['KILL_AGENT', 'accepted'],
      ['KILL_AGENT', 'settled'],
    ]);
  });
});
