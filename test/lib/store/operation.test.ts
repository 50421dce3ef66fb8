import { describe, expect, it } from 'vitest';
import type { Command } from '../../../lib/domain/command.js';
import type { Receipt } from '../../../lib/domain/outcome.js';
import {
  beginOperation,
  endOperation,
  findOperation,
  getOperation,
  replaceReceipt,
} from '../../../lib/store/operation.js';
import { actorWith, holding, narrowedTo } from '../../fakes/authenticator.js';
import { fakeCore, killAllOf, killOf, stopOn } from '../../fakes/core.js';

const receipt: Receipt = {
  operationId: 'op',
  message: '2 of 2 agents killed',
  verified: true,
  total: 2,
  killed: 2,
  failed: 0,
  pending: 0,
  refused: 0,
  agents: [],
};
const command = (more: Partial<Extract<Command, { type: 'kill-all' }>> = {}) =>
  killAllOf({ operationId: 'op', reason: 'drill', requestId: 'req', selector: { taskId: 't1' }, ...more });
const accepted = {
  timestamp: '2026-11-22T10:00:00.000Z',
  operation: 'KILL_ALL_AGENTS',
  phase: 'accepted',
  operationId: 'op',
  requestId: 'req',
  actor: 'alice',
  reason: 'drill',
  selector: { taskId: 't1' },
};
const owed = ({ store }: ReturnType<typeof fakeCore>) => [...(store.memory.debts.get('h1') ?? [])];

describe('an accepted command', () => {
  it('is logged as accepted once, however often it is carried on with', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    const command = killAllOf();
    await stopOn(bed.core).stop(command);
    await stopOn(bed.core).resume(command);
    const lines = bed.log.lines.filter(({ message }) => message === 'kill-all accepted');
    expect(lines).toHaveLength(1);
  });

  it('is stored with who asked for what, and its end is owed by this host', async () => {
    const bed = fakeCore();
    await beginOperation(bed.core, command());
    expect(await getOperation(bed.core, actorWith(), 'op')).toMatchObject({
      operationId: 'op',
      state: 'running',
      type: 'kill-all',
      requestedAt: '2026-11-22T10:00:00.000Z',
      requestedBy: 'alice',
      reason: 'drill',
    });
    expect(owed(bed)).toEqual([['op', bed.clock.now() + 60_000]]);
    expect(bed.store.memory.audit).toEqual([accepted]);
    expect(bed.log.lines).toEqual([{ level: 'warn', entry: accepted, message: 'kill-all accepted' }]);
  });

  it('begins once', async () => {
    const bed = fakeCore();
    await beginOperation(bed.core, command());
    const before = structuredClone(bed.store.memory);
    bed.clock.advance(5_000);
    await beginOperation(bed.core, command());
    expect(bed.store.memory).toEqual(before);
  });

  it('that is carried on with keeps when it was asked for', async () => {
    const { core } = fakeCore();
    await beginOperation(core, command({ requestedAt: '2026-11-22T09:00:00.000Z' }));
    expect((await findOperation(core, 'op'))?.operation?.requestedAt).toBe('2026-11-22T09:00:00.000Z');
  });

  it('ends with its receipt, and it is owed no more', async () => {
    const bed = fakeCore();
    await beginOperation(bed.core, command());
    await endOperation(bed.core, command(), receipt);
    expect((await findOperation(bed.core, 'op'))?.operation).toMatchObject({ state: 'ended', receipt });
    expect(owed(bed)).toEqual([]);
    const { message: _, operationId: __, verified: ___, refused: ____, agents: _____, ...counts } = receipt;
    expect(bed.store.memory.audit).toEqual([accepted, { ...accepted, phase: 'settled', ...counts }]);
  });

  it.each<[string, Partial<Receipt>]>([
    ['settled', {}],
    ['unconfirmed', { failed: 1, killed: 1, errors: ['a1: process pending'] }],
    ['unconfirmed', { pending: 1 }],
    ['unconfirmed', { incomplete: true }],
  ])('is told to have ended %s with %j', async (phase, more) => {
    const { core, store } = fakeCore();
    await beginOperation(core, command());
    await endOperation(core, command(), { ...receipt, ...more });
    const { incomplete: _, ...told } = more;
    expect(store.memory.audit.at(-1)).toMatchObject({ phase, total: 2, killed: 2, failed: 0, ...told });
  });

  it('ends once, also when two processes end it at the same time', async () => {
    const { core, store } = fakeCore();
    await beginOperation(core, command());
    await Promise.all([1, 2].map(pending => endOperation(core, command(), { ...receipt, pending })));
    await endOperation(core, command(), { ...receipt, total: 9 });
    expect(store.memory.audit.map(({ phase }) => phase)).toEqual(['accepted', 'unconfirmed']);
    expect((await findOperation(core, 'op'))?.operation?.receipt).toMatchObject({ total: 2, pending: 1 });
  });

  it('ends once when the store does everything twice', async () => {
    const { core, store } = fakeCore();
    store.faults.duplicate('commit');
    await beginOperation(core, command());
    await endOperation(core, command(), receipt);
    expect(store.memory.audit.map(({ phase }) => phase)).toEqual(['accepted', 'settled']);
  });

  it('that was refused leaves nothing to look up or to pay', async () => {
    const bed = fakeCore();
    await beginOperation(bed.core, command());
    await endOperation(bed.core, command(), undefined);
    await endOperation(bed.core, command(), undefined);
    expect(await findOperation(bed.core, 'op')).toBeUndefined();
    expect(owed(bed)).toEqual([]);
  });

  it('whose beginning could not be stored is recorded at its end, from the beginning', async () => {
    const bed = fakeCore();
    bed.store.faults.fail('commit', { times: 1 });
    await beginOperation(bed.core, command());
    expect(bed.store.memory.audit).toEqual([]);
    expect(bed.log.lines.at(-1)).toMatchObject({
      level: 'error',
      message: 'the operation could not be stored; the stop goes on without it',
    });
    await endOperation(bed.core, command(), receipt);
    expect(bed.store.memory.audit.map(({ phase }) => phase)).toEqual(['accepted', 'settled']);
    expect((await findOperation(bed.core, 'op'))?.operation).toMatchObject({ state: 'ended', receipt });
    await beginOperation(bed.core, command());
    expect((await findOperation(bed.core, 'op'))?.operation).toMatchObject({ state: 'ended' });
    expect(owed(bed)).toEqual([]);
  });

  it('whose end cannot be stored stays owed, and that is logged', async () => {
    const bed = fakeCore();
    await beginOperation(bed.core, command());
    bed.store.faults.fail('commit');
    await endOperation(bed.core, command(), receipt);
    expect(owed(bed)).toHaveLength(1);
    expect(bed.log.lines.at(-1)).toMatchObject({
      level: 'error',
      message: 'the end of the operation could not be stored; it is resumed later',
    });
  });

  it('for one agent leaves the audit to that agent', async () => {
    const bed = fakeCore();
    await beginOperation(bed.core, killOf('a1', { operationId: 'op' }));
    await endOperation(bed.core, killOf('a1', { operationId: 'op' }), receipt);
    expect([...bed.store.memory.audit, ...bed.log.lines]).toEqual([]);
    expect((await findOperation(bed.core, 'op'))?.operation).toMatchObject({ state: 'ended', type: 'kill' });
  });

  it('as a dry run leaves nothing', async () => {
    const bed = fakeCore();
    await beginOperation(bed.core, command({ dryRun: true }));
    await endOperation(bed.core, command({ dryRun: true }), receipt);
    expect(bed.store.memory.documents.size).toBe(0);
    expect([...bed.store.memory.audit, ...bed.log.lines]).toEqual([]);
  });
});

describe('looking at an operation', () => {
  it('is for who may read everything, and of what there is', async () => {
    const { core } = fakeCore();
    await beginOperation(core, command());
    const refused = { code: 'forbidden' };
    await expect(getOperation(core, holding('agents:kill-all'), 'op')).rejects.toMatchObject(refused);
    await expect(getOperation(core, narrowedTo({ taskId: 't1' }), 'op')).rejects.toMatchObject(refused);
    await expect(getOperation(core, actorWith(), 'op2')).rejects.toMatchObject({
      code: 'operation_not_found',
      status: 404,
    });
  });
});

describe('an operation of a stop', () => {
  it('stands in the store with the receipt that was answered', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    const answer = await stopOn(bed.core).stop(killOf('a1'));
    expect(await getOperation(bed.core, actorWith(), answer.operationId)).toMatchObject({
      state: 'ended',
      receipt: answer,
    });
  });

  it('does not stand there when it was refused', async () => {
    const bed = fakeCore();
    await bed.agent('a1', { status: 'completed', container: false });
    const order = killOf('a1');
    await expect(stopOn(bed.core).stop(order)).rejects.toMatchObject({ code: 'invalid_state' });
    expect(await findOperation(bed.core, order.operationId)).toBeUndefined();
    expect(owed(bed)).toEqual([]);
  });

  it('shows its progress while this process carries it out', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    bed.containers.inject('kill', 'late');
    const stop = stopOn(bed.core);
    const order = killOf('a1');
    expect([stop.isRunning(order.operationId), stop.progress(order.operationId)]).toEqual([false, undefined]);
    const stopping = stop.stop(order);
    await expect.poll(() => stop.progress(order.operationId)?.pending).toBe(1);
    expect(stop.isRunning(order.operationId)).toBe(true);
    bed.containers.release();
    await stopping;
    await stop.idle();
    expect([stop.isRunning(order.operationId), stop.progress(order.operationId)]).toEqual([false, undefined]);
  });

  it('keeps the receipt that it has until it has ended', () => {
    const receipt = { operationId: 'op' } as Receipt;
    expect(replaceReceipt(undefined, receipt)).toEqual({ value: undefined });
  });
});
