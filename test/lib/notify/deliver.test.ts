import { describe, expect, it } from 'vitest';
import type { AuditEntry } from '../../../lib/domain/audit-entry.js';
import { usualEvents } from '../../../lib/notify/event.js';
import { createNotifier } from '../../../lib/notify/notifier.js';
import { type FakeCore, fakeCore, killAllOf, stopOn } from '../../fakes/core.js';
import { DOWN, type FakeReceiver, fakeReceiver } from '../../fakes/receiver.js';

const entry = (agentId: string, more: Partial<AuditEntry> = {}): AuditEntry => ({
  timestamp: '2026-11-22T10:00:00.000Z',
  operation: 'KILL_AGENT',
  phase: 'accepted',
  actor: 'alice',
  agentId,
  ...more,
});
const REFUSED = { problem: 'it answered with status 400', refused: true };
const MINUTE = 60_000;

/** Begins with a look, so that the receiver is known from here on. */
async function open(receiver = fakeReceiver(), bed = fakeCore()) {
  const notifier = createNotifier(bed.core, receiver);
  await notifier.look();
  const append = (...agentIds: string[]) => bed.core.audit.append(agentIds.map(id => entry(id)));
  return { ...bed, bed, receiver, notifier, append };
}
const agents = (messages: FakeReceiver['taken']) => messages.map(({ event }) => event.data.agentId);
const cursorOf = ({ store }: FakeCore) =>
  JSON.parse(store.memory.documents.get('memory:notify:OPS')?.raw ?? '');

describe('telling of what was committed', () => {
  it('begins with what comes after the receiver was first known', async () => {
    const bed = fakeCore();
    await bed.core.audit.append([entry('before')]);
    const { notifier, receiver, append } = await open(fakeReceiver(), bed);
    await append('a', 'b');
    await notifier.look();
    await notifier.look();
    expect(agents(receiver.taken)).toEqual(['a', 'b']);
    expect(notifier.status()).toEqual({ name: 'OPS', delivered: 2, failed: 0, aside: 0, lagSeconds: 0 });
  });

  it('passes over what is not to be told, and tells only what was asked for', async () => {
    const { core, notifier, receiver } = await open(
      fakeReceiver({ events: new Set(['killswitch.latch.reset']) }),
    );
    await core.audit.append([entry('a'), entry('b', { operation: 'REGISTER_AGENT' })]);
    await notifier.look();
    await core.audit.append([entry('c'), entry('d', { operation: 'RESET_LATCH', phase: 'done' })]);
    await notifier.look();
    expect(agents(receiver.taken)).toEqual(['d']);
  });

  it('tells hundreds in one look, in order', async () => {
    const { notifier, receiver, append } = await open();
    const many = Array.from({ length: 250 }, (_, n) => `a${n}`);
    await append(...many);
    await notifier.look();
    expect(agents(receiver.taken)).toEqual(many);
  });

  it('gives each message an ID that no other one has, and always the same', async () => {
    const { notifier, receiver, append, bed } = await open();
    const other = fakeReceiver({ name: 'OTHER' });
    const others = createNotifier(bed.core, other);
    await others.look();
    receiver.answer(() => DOWN);
    await append('a', 'a');
    await notifier.look();
    receiver.answer(undefined);
    bed.clock.advance(MINUTE);
    await Promise.all([notifier.look(), others.look()]);
    const ids = receiver.tried.map(({ id }) => id);
    expect(ids[0]).toMatch(/^msg_[0-9a-f]{32}$/);
    expect(ids[1]).toBe(ids[0]);
    expect(new Set([...ids, ...other.taken.map(({ id }) => id)]).size).toBe(4);
  });

  it('gives other IDs where another store has other entries at the same places', async () => {
    const [one, two] = [await open(), await open()];
    await one.append('a');
    await two.append('b');
    await Promise.all([one.notifier.look(), two.notifier.look()]);
    expect(one.receiver.taken[0]?.id).not.toBe(two.receiver.taken[0]?.id);
  });

  it('tells a chat of a kill-all as a whole, and of a single kill', async () => {
    const bed = fakeCore();
    const chat = await open(fakeReceiver({ summary: true }), bed);
    const hook = await open(fakeReceiver({ name: 'HOOK' }), bed);
    for (let n = 0; n < 4; n++) await bed.agent(`a${n}`);
    await stopOn(bed.core).stop({ ...killAllOf(), type: 'kill', agentId: 'a0' });
    await stopOn(bed.core).stop(killAllOf());
    await chat.notifier.look();
    await hook.notifier.look();
    expect(hook.receiver.taken).toHaveLength(2 + 2 + 3 * 2);
    expect(chat.receiver.taken.map(({ event: { type, data } }) => [type, data.operation])).toEqual([
      ['killswitch.activated', 'KILL_AGENT'],
      ['killswitch.settled', 'KILL_AGENT'],
      ['killswitch.activated', 'KILL_ALL_AGENTS'],
      ['killswitch.settled', 'KILL_ALL_AGENTS'],
    ]);
  });

  it('tells a chat of an agent whose operation is not known, and remembers those that are', async () => {
    const { core, store, notifier, receiver } = await open(fakeReceiver({ summary: true }));
    await stopOn(core).stop(killAllOf({ operationId: 'all' }));
    await core.audit.append([entry('a', { operationId: 'lost' }), entry('b', { operationId: 'all' })]);
    for (let n = 0; n < 120; n++) {
      await stopOn(core).stop(killAllOf({ operationId: `all-${n}` }));
      await core.audit.append([entry('c', { operationId: `all-${n}` })]);
    }
    await notifier.look();
    expect(agents(receiver.taken).filter(Boolean)).toEqual(['a']);
    store.memory.documents.delete('operation:all-119');
    await core.audit.append([entry('c', { operationId: 'all-119' })]);
    await notifier.look();
    expect(agents(receiver.taken).filter(Boolean)).toEqual(['a']);
  });
});

describe('a receiver that is down', () => {
  it('is told everything once it is back, once each and in order, and is left alone meanwhile', async () => {
    const { clock, notifier, receiver, append, log } = await open();
    receiver.answer(() => DOWN);
    await append('a', 'b');
    for (let second = 0; second < 60; second++) {
      await notifier.look();
      clock.advance(1_000);
    }
    expect(receiver.tried.length).toBeGreaterThan(4);
    expect(receiver.tried.length).toBeLessThan(10);
    await append('c');
    receiver.answer(undefined);
    clock.advance(MINUTE * 1.25);
    await notifier.look();
    expect(agents(receiver.taken)).toEqual(['a', 'b', 'c']);
    const told = log.lines.filter(({ message }) => message.startsWith('the receiver '));
    expect(told.map(({ message }) => message)).toEqual([
      'the receiver does not accept notifications; they are retried',
      'the receiver accepts notifications again',
    ]);
  });

  it('is named by the probe, with why and since when, and its lag is known', async () => {
    const { clock, notifier, receiver, append } = await open();
    expect(await notifier.probe()).toEqual({ name: 'notify:OPS', ok: true, aside: true });
    receiver.answer(() => DOWN);
    await append('a');
    await notifier.look();
    clock.advance(30_000);
    expect(await notifier.probe()).toEqual({
      name: 'notify:OPS',
      ok: false,
      aside: true,
      detail: 'it cannot be reached; since 2026-11-22T10:00:00.000Z, 1 attempts',
    });
    expect(notifier.status()).toMatchObject({ failed: 1, delivered: 0, lagSeconds: 30 });
    receiver.answer(undefined);
    await notifier.look();
    expect(await notifier.probe()).toMatchObject({ ok: true });
    expect(notifier.status()).toMatchObject({ delivered: 1, lagSeconds: 0 });
  });

  it('is left alone for as long as it asks for', async () => {
    const { clock, notifier, receiver, append } = await open();
    receiver.answer(() => ({ problem: 'busy', retryAfterMs: 5 * MINUTE }));
    await append('a');
    await notifier.look();
    clock.advance(5 * MINUTE - 1);
    await notifier.look();
    expect(receiver.tried).toHaveLength(1);
    clock.advance(1);
    await notifier.look();
    expect(receiver.tried).toHaveLength(2);
  });
});

describe('a message that is refused', () => {
  async function refusing(...bad: string[]) {
    const bench = await open();
    bench.receiver.answer(({ event }) => (bad.includes(event.data.agentId ?? '') ? REFUSED : undefined));
    const wait = async (minutes: number) => {
      for (let n = 0; n < minutes * 4; n++) {
        await bench.notifier.look();
        bench.clock.advance(MINUTE / 4);
      }
    };
    return { ...bench, wait };
  }

  it('lets the others pass after some attempts, is reported, and is retried until it is accepted', async () => {
    const { notifier, receiver, append, wait, log } = await refusing('bad');
    await append('a', 'bad', 'b');
    await notifier.look();
    expect(agents(receiver.taken)).toEqual(['a']);
    await wait(5);
    expect(agents(receiver.taken)).toEqual(['a', 'b']);
    expect(await notifier.probe()).toMatchObject({
      ok: false,
      detail: '1 refused: it answered with status 400',
    });
    expect(notifier.status()).toMatchObject({ aside: 1 });
    expect(log.lines.filter(({ level }) => level === 'error')).toMatchObject([
      { entry: { receiver: 'OPS', type: 'killswitch.activated', agentId: 'bad' } },
    ]);
    const tried = receiver.tried.length;
    await wait(5);
    expect(receiver.tried.length).toBeGreaterThan(tried + 2);
    receiver.answer(undefined);
    await wait(2);
    expect(agents(receiver.taken)).toEqual(['a', 'b', 'bad']);
    expect(await notifier.probe()).toMatchObject({ ok: true });
  });

  it('never makes room for an eleventh: then all of them wait, and none is lost', async () => {
    const bad = Array.from({ length: 11 }, (_, n) => `bad${n}`);
    const { receiver, append, wait, notifier } = await refusing(...bad);
    await append(...bad, 'good');
    await wait(30);
    expect(receiver.taken).toEqual([]);
    expect(notifier.status()).toMatchObject({ aside: 10 });
    receiver.answer(undefined);
    await wait(15);
    expect(agents(receiver.taken).sort()).toEqual([...bad, 'good'].sort());
  });

  it('that cannot even be made counts as refused', async () => {
    const { clock, notifier, receiver, append, log } = await open();
    receiver.answer(({ event }) => {
      if (event.data.agentId === 'bad') throw new Error('a bug');
      return undefined;
    });
    await append('bad', 'b');
    for (let n = 0; n < 10; n++) {
      await notifier.look();
      clock.advance(MINUTE);
    }
    expect(agents(receiver.taken)).toEqual(['b']);
    expect(log.lines.some(({ message }) => message === 'a notification could not be rendered')).toBe(true);
  });

  it('is let go of when it is not asked for any more', async () => {
    const { bed, append, wait, receiver } = await refusing('bad');
    await append('bad');
    await wait(5);
    const narrow = fakeReceiver({ events: new Set(usualEvents.slice(1)) });
    const tried = receiver.tried.length;
    const later = createNotifier(bed.core, narrow);
    bed.clock.advance(5 * MINUTE);
    await later.look();
    expect(narrow.tried).toEqual([]);
    expect(cursorOf(bed)).toMatchObject({ aside: [] });
    expect(receiver.tried).toHaveLength(tried);
  });
});

describe('several processes on one store', () => {
  it('tell once: who holds the cursor tells, and the others leave it to him', async () => {
    const { bed, receiver, notifier, append } = await open();
    const other = fakeReceiver();
    const others = createNotifier(bed.core, other);
    const release = receiver.hold();
    await append('a');
    const telling = notifier.look();
    await expect.poll(() => receiver.tried).toHaveLength(1);
    await others.look();
    expect(other.tried).toEqual([]);
    expect(others.status().lagSeconds).toBe(0);
    release();
    await telling;
    await others.look();
    expect(other.tried).toEqual([]);
    await append('b');
    await others.look();
    await notifier.look();
    expect([agents(receiver.taken), agents(other.taken)]).toEqual([['a'], ['b']]);
  });

  it('take over from one that died while it told, and tell the same message again', async () => {
    const { bed, receiver, notifier, append } = await open();
    receiver.answer(() => new Promise(() => {}));
    await append('a', 'b');
    void notifier.look();
    await expect.poll(() => receiver.tried).toHaveLength(1);
    const other = fakeReceiver();
    const others = createNotifier(bed.core, other);
    await others.look();
    expect(other.tried).toEqual([]);
    bed.clock.advance(12_000);
    await others.look();
    expect(agents(other.taken)).toEqual(['a', 'b']);
    expect(other.taken[0]?.id).toBe(receiver.tried[0]?.id);
  });

  it('one that was thought dead stops as soon as it sees that another took over', async () => {
    const { bed, receiver, notifier, append } = await open();
    const other = fakeReceiver();
    const others = createNotifier(bed.core, other);
    const release = receiver.hold();
    await append('a', 'b', 'c');
    const telling = notifier.look();
    await expect.poll(() => receiver.tried).toHaveLength(1);
    bed.clock.advance(12_000);
    await others.look();
    release();
    await telling;
    expect([agents(receiver.tried), agents(other.taken)]).toEqual([['a'], ['a', 'b', 'c']]);
  });

  it('leave a new receiver to begin at one place', async () => {
    const bed = fakeCore();
    const [one, two] = [createNotifier(bed.core, fakeReceiver()), createNotifier(bed.core, fakeReceiver())];
    bed.store.faults.lie('commit', truth => [...truth(), 'conflict'].slice(0, 1) as ['committed'], {
      times: 1,
    });
    await Promise.all([one.look(), two.look()]);
    expect(cursorOf(bed)).toEqual({ position: '', aside: [] });
  });
});
