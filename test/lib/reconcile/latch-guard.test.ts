import { describe, expect, it } from 'vitest';
import { engageLatch } from '../../../lib/agents/engage-latch.js';
import { findLatch, LATCH } from '../../../lib/agents/latch.js';
import { resetLatch } from '../../../lib/agents/reset-latch.js';
import { createLatchGuard } from '../../../lib/reconcile/latch-guard.js';
import { signText } from '../../../lib/store/signed-text.js';
import { actorWith } from '../../fakes/authenticator.js';
import { type FakeCore as Bed, fakeCore } from '../../fakes/core.js';
import { strangers } from '../../fakes/signing.js';

const order = (operationId: string) => ({ operationId, actor: actorWith(), reason: 'drill' });
const told = ({ store }: Bed) =>
  store.memory.audit.map(({ operation }) => operation).filter(operation => operation.endsWith('_LATCH'));

function open() {
  const bed = fakeCore();
  const disk = { text: undefined as string | undefined, writes: 0, isBroken: false };
  const highWaterMark = {
    read: async () => {
      if (disk.isBroken) throw new Error('EIO');
      return disk.text;
    },
    write: async (text: string) => {
      disk.text = text;
      disk.writes++;
    },
  };
  const guardOf = () => createLatchGuard({ ...bed.core, highWaterMark });
  const guard = guardOf();
  /** As somebody does who may write the store. */
  const lay = (raw: string) =>
    bed.store.memory.documents.set('latch:', { raw, expiresAt: Number.POSITIVE_INFINITY });
  const remove = () => bed.store.memory.documents.delete('latch:');
  const holds = async () => (await findLatch(bed.core)).latch.holds.map(hold => hold.operationId);
  return { bed, disk, highWaterMark, guard, guardOf, lay, remove, holds };
}

describe('an emergency stop that was deleted from the store', () => {
  it.each(['the process that saw it', 'one that was started after that'])('is put back by %s', async who => {
    const { bed, guard, guardOf, remove, holds } = open();
    await engageLatch(bed.core, order('op-1'));
    await guard.look();
    remove();
    const watching = who.startsWith('one') ? guardOf() : guard;
    await watching.look();
    expect(await holds()).toEqual(['op-1']);
    expect((await findLatch(bed.core)).latch.holds[0]).not.toHaveProperty('unverified');
    expect(told(bed)).toEqual(['ENGAGE_LATCH', 'RESTORE_LATCH']);
    expect(await watching.probe()).toMatchObject({ name: 'latch', ok: false, aside: true });
    await resetLatch(bed.core, order('op-2'));
    await watching.look();
    expect([await holds(), (await watching.probe()).ok]).toEqual([[], true]);
  });

  it('is put back by the process that engaged it, however soon it was deleted', async () => {
    const { bed, guard, remove, holds } = open();
    await guard.look();
    await engageLatch(bed.core, order('op-1'));
    guard.heard(bed.store.memory.audit);
    guard.heard([{ ...bed.store.memory.audit[0], actor: 'unverified' } as never]);
    remove();
    await guard.look();
    expect(await holds()).toEqual(['op-1']);
    await guard.look();
    await resetLatch(bed.core, order('op-2'));
    await guard.look();
    expect(await holds()).toEqual([]);
  });

  it('is put back in what is missing of it, on top of what stands there', async () => {
    const { bed, guard, lay, holds } = open();
    await engageLatch(bed.core, { ...order('op-1'), selector: { taskId: 't1' } });
    const [before] = await bed.core.records.read([LATCH]);
    await engageLatch(bed.core, { ...order('op-2'), selector: { taskId: 't2' } });
    await guard.look();
    lay(before as string);
    await guard.look();
    expect(await holds()).toEqual(['op-1', 'op-2']);
  });

  it('stays away after a reset, also one in whose place another was engaged', async () => {
    const { bed, guard, holds } = open();
    await engageLatch(bed.core, order('op-1'));
    await guard.look();
    await bed.core.audit.append(
      Array.from({ length: 600 }, () => ({ ...bed.store.memory.audit[0], operation: 'SWEEP' }) as never),
    );
    await resetLatch(bed.core, order('op-2'));
    await engageLatch(bed.core, order('op-3'));
    await guard.look();
    expect(await holds()).toEqual(['op-3']);
    expect(told(bed)).not.toContain('RESTORE_LATCH');
  });

  it('is put back where the reset that is told is not signed, or released another', async () => {
    const { bed, guard, remove, holds } = open();
    await engageLatch(bed.core, order('op-0'));
    await resetLatch(bed.core, order('reset'));
    const old = bed.store.memory.audit.at(-1);
    await engageLatch(bed.core, order('op-1'));
    await guard.look();
    remove();
    const forged = { ...old, released: ['op-1'] } as never;
    await bed.core.audit.append([old as never, forged]);
    await guard.look();
    expect(await holds()).toEqual(['op-1']);
    expect(old).toMatchObject({ released: ['op-0'] });
  });

  it('is left to the next look where another process writes at the same time', async () => {
    const { bed, guard, remove, holds } = open();
    await engageLatch(bed.core, order('op-1'));
    await guard.look();
    remove();
    bed.store.faults.lie('commit', () => ['conflict'], { times: 1 });
    await guard.look();
    expect(await holds()).toEqual([]);
    await guard.look();
    expect(await holds()).toEqual(['op-1']);
  });
});

describe('what a host has seen of the emergency stop', () => {
  it('is written when it changes, and once a minute while it holds', async () => {
    const { bed, disk, guard } = open();
    await guard.look();
    expect(disk.writes).toBe(0);
    await engageLatch(bed.core, order('op-1'));
    await guard.look();
    await guard.look();
    expect(disk.writes).toBe(1);
    bed.clock.advance(60_000);
    await guard.look();
    expect(disk.writes).toBe(2);
    await resetLatch(bed.core, order('op-2'));
    await guard.look();
    await guard.look();
    expect(disk.writes).toBe(3);
  });

  it.each(['?', '{}', 'signed by a stranger'])(
    'counts for nothing where it is none of ours: %s',
    async text => {
      const { disk, guard, holds } = open();
      const hold = { operationId: 'x', since: '2026-11-22T10:00:00.000Z', by: 'ops', selector: {} };
      const latch = signText(strangers, 'latch', '', JSON.stringify({ engaged: true, holds: [hold] }));
      disk.text = text.startsWith('signed') ? JSON.stringify({ position: '', text: latch }) : text;
      await guard.look();
      expect([await holds(), (await guard.probe()).ok]).toEqual([[], true]);
    },
  );

  it('that cannot be read is told, and asked for again', async () => {
    const { bed, disk, guard } = open();
    disk.isBroken = true;
    await guard.look();
    await guard.look();
    expect(bed.log.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
    expect(await guard.probe()).toMatchObject({ ok: false });
    disk.isBroken = false;
    await guard.look();
    expect(await guard.probe()).toEqual({ name: 'latch', ok: true, aside: true });
  });

  it('is not asked for while the store does not answer, nor without a key', async () => {
    const { bed, highWaterMark, guard } = open();
    bed.store.faults.fail('read');
    await guard.look();
    expect(await guard.probe()).toMatchObject({ ok: true });
    bed.store.faults.heal();
    await engageLatch({ ...bed.core, orderKeys: undefined }, order('op-1'));
    const blind = createLatchGuard({ ...bed.core, highWaterMark, orderKeys: undefined });
    blind.heard(bed.store.memory.audit);
    await blind.look();
    expect(await blind.probe()).toMatchObject({ ok: true });
  });
});

describe('an emergency stop that is not signed by this program', () => {
  it.each([
    '{"holds":[{"operationId":"x","since":"2026-11-22T10:00:00.000Z","by":"ceo","selector":{}}]}',
    '?',
  ])('is told once, and as long as it holds: %s', async raw => {
    const { bed, guard, lay } = open();
    lay(raw);
    await guard.look();
    await guard.look();
    expect(told(bed)).toEqual(['UNVERIFIED_LATCH']);
    expect(await guard.probe()).toMatchObject({ ok: false });
    await resetLatch(bed.core, order('op-2'));
    await guard.look();
    expect(await guard.probe()).toMatchObject({ ok: true });
  });

  it('and cannot be read, is released by a person with all that was seen before', async () => {
    const { bed, guard, lay, holds } = open();
    await engageLatch(bed.core, order('op-1'));
    await guard.look();
    lay('?');
    await resetLatch(bed.core, order('op-2'));
    await guard.look();
    expect([await holds(), bed.store.memory.audit.at(-1)]).toMatchObject([[], { released: ['*'] }]);
  });

  it('and cannot be read, hides nothing that was seen before', async () => {
    const { bed, guard, lay, remove, holds } = open();
    await engageLatch(bed.core, order('op-1'));
    await guard.look();
    lay('?');
    await guard.look();
    remove();
    await guard.look();
    expect(await holds()).toEqual(['op-1']);
  });
});
