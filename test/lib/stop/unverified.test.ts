import { describe, expect, it } from 'vitest';
import { engageLatch } from '../../../lib/agents/engage-latch.js';
import { findLatch, LATCH } from '../../../lib/agents/latch.js';
import { resetLatch } from '../../../lib/agents/reset-latch.js';
import { decodeCommand, encodeCommand } from '../../../lib/store/command-codec.js';
import { actorWith, narrowedTo } from '../../fakes/authenticator.js';
import { type FakeCore as Bed, fakeCore, killAllOf, killOf, startOn } from '../../fakes/core.js';
import { signing, strangers } from '../../fakes/signing.js';

const ceo = actorWith({ subject: 'ceo@example.org', source: '203.0.113.7' });
const at = '2026-11-22T10:00:00.000Z';
const claimed = 'not verified, in the name of "ceo@example.org"';

/** A row as somebody writes it who may write the store. */
async function lay({ core }: Bed, operationId: string, intent: string): Promise<void> {
  const operation = { operationId, state: 'running', type: 'kill-all', requestedAt: at };
  const next = JSON.stringify({ ...operation, requestedBy: 'ceo@example.org', intent });
  const document = { kind: 'operation', id: operationId } as const;
  await core.records.commit([{ document, expect: null, next, debt: { host: 'h1', dueAt: 0 }, audit: [] }]);
}

describe('an order that is not signed by this program', () => {
  it.each(['journal', 'store'] as const)(
    'in the %s stops, in no name but its own, and is told',
    async place => {
      const bed = fakeCore();
      const agent = await bed.agent('a1');
      const command = killAllOf({ actor: ceo, reason: 'fire', latch: true });
      const intent = encodeCommand(strangers, command, at);
      if (place === 'store') await lay(bed, command.operationId, intent);
      else await bed.journal.append(command.operationId, intent);
      await startOn(bed.core);
      expect(await agent.isAlive()).toBe(false);
      const kill = { requestedBy: 'unverified', reason: `${claimed}: fire` };
      expect(await bed.record('a1')).toMatchObject({ status: 'killed', kill });
      expect((await findLatch(bed.core)).latch.holds).toMatchObject([{ by: 'unverified', unverified: true }]);
      const actors = new Set(bed.store.memory.audit.map(({ actor }) => actor));
      expect([...actors]).toEqual(['unverified']);
      expect(bed.log.lines).toContainEqual({
        level: 'error',
        entry: { operationId: command.operationId, type: 'kill-all', reason: `${claimed}: fire` },
        message: 'an order that is not signed by this program is carried out',
      });
      const [kept] = await bed.core.records.read([{ kind: 'operation', id: command.operationId }]);
      expect(JSON.parse(kept as string)).toMatchObject({ state: 'ended', requestedBy: 'unverified' });
    },
  );

  it('is read with what narrows it, and with no scope but those to stop', () => {
    const command = killOf('a1', { actor: narrowedTo({ agentId: 'a1' }), reason: 'x'.repeat(1_000) });
    const read = decodeCommand(signing, 'other', encodeCommand(strangers, command, at));
    expect(read).toMatchObject({ operationId: 'other', actor: { within: { agentId: 'a1' } } });
    expect([...(read?.actor.scopes ?? [])]).toEqual(['agents:kill', 'agents:kill-all', 'latch:engage']);
    expect(read?.reason).toHaveLength(1_000);
  });

  it('stays unverified when it is written down again', () => {
    const first = decodeCommand(signing, 'op', encodeCommand({}, killOf('a1', { actor: ceo }), at));
    if (!first) throw new Error('It is an intent.');
    expect(first.reason).toBe(claimed);
    expect(decodeCommand(signing, 'op', encodeCommand(signing, first, at))).toEqual(first);
  });

  it('counts for the operation alone that it was written for', () => {
    const command = killOf('a1', { operationId: 'one' });
    expect(decodeCommand(signing, 'two', encodeCommand(signing, command, at))?.actor.unverified).toBe(true);
    expect(decodeCommand(signing, 'one', encodeCommand(signing, command, at))?.actor).toEqual(command.actor);
  });
});

describe('an emergency stop that is not signed by this program', () => {
  const hold = { operationId: 'op', since: at, by: 'ceo@example.org', selector: { taskId: 't1' } };
  const order = { operationId: 'op-2', actor: actorWith(), reason: 'drill' };
  const unverified = { ...hold, by: 'unverified', reason: claimed, unverified: true };

  it('holds what it says, in no name but its own, and stays so when something is added', async () => {
    const { core } = fakeCore();
    const next = JSON.stringify({ engaged: true, holds: [hold] });
    await core.records.commit([{ document: LATCH, expect: null, next, audit: [] }]);
    expect((await findLatch(core)).latch.holds).toEqual([unverified]);
    await engageLatch(core, { ...order, selector: { taskId: 't2' } });
    const { holds } = (await findLatch(core)).latch;
    expect(holds).toMatchObject([unverified, { by: 'alice', selector: { taskId: 't2' } }]);
    expect(holds[1]).not.toHaveProperty('unverified');
  });

  it('keeps the reason that it was engaged for, as something said', async () => {
    const { core } = fakeCore();
    const next = JSON.stringify({ holds: [{ ...hold, reason: 'fire' }] });
    await core.records.commit([{ document: LATCH, expect: null, next, audit: [] }]);
    expect((await findLatch(core)).latch.holds).toMatchObject([{ reason: `${claimed}: fire` }]);
  });

  it('can be reset by a person', async () => {
    const { core } = fakeCore();
    const next = JSON.stringify({ holds: [hold] });
    await core.records.commit([{ document: LATCH, expect: null, next, audit: [] }]);
    await resetLatch(core, order);
    expect((await findLatch(core)).latch.engaged).toBe(false);
  });
});
