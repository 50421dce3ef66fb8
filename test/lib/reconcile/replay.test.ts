import { describe, expect, it } from 'vitest';
import { replayJournal } from '../../../lib/reconcile/retry-pending.js';
import { encodeCommand } from '../../../lib/store/command-codec.js';
import { findOperation } from '../../../lib/store/operation.js';
import { fakeCore, killAllOf, killOf, startOn, stopOn } from '../../fakes/core.js';
import { mortal } from '../../fakes/mortal.js';

type Bed = ReturnType<typeof fakeCore>;
const at = (minutes: number): string => new Date(Date.UTC(2026, 10, 22, 10, minutes)).toISOString();
const phasesOf = ({ store }: Bed, agentId?: string) =>
  store.memory.audit
    .filter(entry => entry.agentId === agentId)
    .map(({ operation, phase }) => [operation, phase]);
const killed = [
  ['KILL_AGENT', 'accepted'],
  ['KILL_AGENT', 'settled'],
];

describe('when the store is back, an order from the journal', () => {
  it('stays there while its own run without the store has not ended, and is carried out after that', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    const order = killOf('a1');
    bed.journal.memory.set(order.operationId, encodeCommand(bed.core, order, at(0)));
    const stop = stopOn(bed.core);
    const resume = () => Promise.reject(new Error('joined the run without the store'));
    await replayJournal(bed.core, { ...stop, isRunning: () => true, resume });
    expect(bed.journal.memory.size).toBe(1);
    await replayJournal(bed.core, stop);
    expect(bed.journal.memory.size).toBe(0);
    expect(await bed.record('a1')).toMatchObject({ status: 'killed' });
  });

  it('is carried out to its end: marked, settled, cleared, told, and taken out', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1');
    bed.store.faults.fail('agents');
    bed.store.faults.fail('commit');
    const receipt = await stopOn(bed.core).stop(killOf('a1', { reason: 'drill' }));
    expect([await agent.isAlive(), await agent.hasWorktree()]).toEqual([false, true]);
    bed.store.faults.heal();
    bed.clock.advance(60_000);
    await startOn(bed.core);
    expect(await bed.record('a1')).toMatchObject({
      status: 'killed',
      kill: { operationId: receipt.operationId, requestedAt: at(0), reason: 'drill', pending: [] },
    });
    expect(await agent.hasWorktree()).toBe(false);
    expect(bed.journal.memory.size).toBe(0);
    expect(phasesOf(bed, 'a1')).toEqual(killed);
    expect((await findOperation(bed.core, receipt.operationId))?.operation?.state).toBe('ended');
    expect([...(bed.store.memory.debts.get('h1') ?? [])]).toEqual([]);
  });

  it('for all reaches no agent that was started after it was given', async () => {
    const bed = fakeCore();
    const before = await bed.agent('a1', { members: { startedAt: at(0) } });
    const after = await bed.agent('a2', { members: { startedAt: at(5) } });
    const command = killAllOf();
    await bed.journal.append(command.operationId, encodeCommand(bed.core, command, at(3)));
    await startOn(bed.core);
    expect([await before.isAlive(), await after.isAlive()]).toEqual([false, true]);
    expect(await bed.record('a2')).toMatchObject({ status: 'running' });
  });

  it('stops an agent that does not say when it was started', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1');
    const command = killAllOf();
    await bed.journal.append(command.operationId, encodeCommand(bed.core, command, at(3)));
    await startOn(bed.core);
    expect(await agent.isAlive()).toBe(false);
  });

  it('goes before what another program wrote meanwhile: stopped always wins', async () => {
    const bed = fakeCore();
    await bed.agent('a1', { status: 'spawning' });
    bed.store.faults.fail('agents');
    await stopOn(bed.core).stop(killOf('a1'));
    bed.store.faults.heal();
    bed.store.seedForeign('a1', '{"status":"running","note":[]}');
    await startOn(bed.core);
    expect(await bed.record('a1')).toMatchObject({ status: 'killed', note: [] });
  });

  it.each([
    ['kill', () => killOf('a1')],
    ['kill-all', () => killAllOf({ selector: { taskId: 't1' } })],
  ])('goes before what is said since of the end of those that it stopped (%s)', async (_, order) => {
    const bed = fakeCore();
    const agent = await bed.agent('a1');
    await bed.agent('a2', { status: 'completed', container: false });
    await startOn(bed.core);
    bed.store.faults.fail('commit');
    await stopOn(bed.core).stop(order());
    bed.store.faults.heal();
    bed.store.seedForeign('a1', JSON.stringify({ ...(await bed.record('a1')), status: 'completed' }));
    await startOn(bed.core);
    expect(await bed.record('a1')).toMatchObject({ status: 'killed', kill: { pending: [] } });
    expect(await agent.hasWorktree()).toBe(false);
    expect(phasesOf(bed, 'a1')).toEqual(killed);
    expect(await bed.record('a2')).toMatchObject({ status: 'completed' });
  });

  it('that is refused by then is ended, and says why', async () => {
    const bed = fakeCore();
    await bed.agent('a1', { status: 'completed', container: false });
    const command = killOf('a1');
    await bed.journal.append(command.operationId, encodeCommand(bed.core, command, at(0)));
    await startOn(bed.core);
    expect((await findOperation(bed.core, command.operationId))?.operation).toMatchObject({
      state: 'ended',
      receipt: {
        message: 'Agent a1 was not killed: Agent a1 is completed',
        verified: false,
        errors: ['selection: Agent a1 is completed'],
      },
    });
    expect(bed.journal.memory.size).toBe(0);
  });

  it('of an unknown agent is ended too', async () => {
    const bed = fakeCore();
    const command = killOf('a1');
    await bed.journal.append(command.operationId, encodeCommand(bed.core, command, at(0)));
    await startOn(bed.core);
    expect((await findOperation(bed.core, command.operationId))?.operation?.receipt).toMatchObject({
      message: 'Agent a1 was not killed: Unknown agent a1',
    });
  });

  it('that cannot be read stays where it is, and the others are carried out', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1');
    await bed.journal.append('0-torn', '{"type":"kill","age');
    const command = killOf('a1');
    await bed.journal.append(command.operationId, encodeCommand(bed.core, command, at(0)));
    await startOn(bed.core);
    expect(await agent.isAlive()).toBe(false);
    expect([...bed.journal.memory.keys()]).toEqual(['0-torn']);
    expect(bed.log.lines).toContainEqual(
      expect.objectContaining({ level: 'error', message: expect.stringContaining('cannot be read') }),
    );
  });

  it('that goes wrong stays there, and the others are carried out', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a2');
    const [bad, good] = [killOf('a1', { operationId: 'op-a' }), killOf('a2', { operationId: 'op-b' })];
    for (const one of [bad, good])
      await bed.journal.append(one.operationId, encodeCommand(bed.core, one, at(0)));
    const { audit } = bed.core;
    const query: typeof audit.query = asked => {
      if (asked.operationId === 'op-a') throw new Error('broken');
      return audit.query(asked);
    };
    await startOn({ ...bed.core, audit: { ...audit, query } });
    expect(await agent.isAlive()).toBe(false);
    expect([...bed.journal.memory.keys()]).toEqual(['op-a']);
  });

  it('waits while the store does not answer', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1');
    for (const id of ['op-a', 'op-b']) {
      await bed.journal.append(id, encodeCommand(bed.core, killOf('a1', { operationId: id }), at(0)));
    }
    bed.store.faults.fail('read');
    await startOn(bed.core);
    expect([await agent.isAlive(), bed.journal.memory.size]).toEqual([true, 2]);
  });

  it('that ended before it was taken out is not carried out again', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    const command = killAllOf();
    await bed.journal.append(command.operationId, encodeCommand(bed.core, command, at(0)));
    bed.journal.faults.fail('remove', { times: 1 });
    await startOn(bed.core);
    expect(bed.journal.memory.size).toBe(1);
    const later = await bed.agent('a2');
    await startOn(bed.core);
    expect([bed.journal.memory.size, await later.isAlive()]).toEqual([0, true]);
    expect(phasesOf(bed)).toEqual([
      ['KILL_ALL_AGENTS', 'accepted'],
      ['KILL_ALL_AGENTS', 'settled'],
    ]);
  });

  it.each([1, 2, 3, 4].flatMap(number => (['before', 'after'] as const).map(when => ({ number, when }))))(
    'survives a crash $when commit $number of its replay',
    async ({ number, when }) => {
      const bed = fakeCore();
      const agent = await bed.agent('a1');
      const command = killOf('a1');
      await bed.journal.append(command.operationId, encodeCommand(bed.core, command, at(0)));
      const process = mortal(bed.core);
      process.dieAtCommit(number, when);
      void startOn(process.core);
      await process.died;
      await startOn(bed.core);
      expect([await agent.isAlive(), await agent.hasWorktree()]).toEqual([false, false]);
      expect(await bed.record('a1')).toMatchObject({ status: 'killed', kill: { pending: [] } });
      expect(phasesOf(bed, 'a1')).toEqual(killed);
      expect([bed.journal.memory.size, [...(bed.store.memory.debts.get('h1') ?? [])]]).toEqual([0, []]);
    },
  );
});
