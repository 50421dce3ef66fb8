import { describe, expect, it } from 'vitest';
import type { Core } from '../../../lib/ports/core.js';
import { payDebts } from '../../../lib/reconcile/retry-pending.js';
import { createInFlight } from '../../../lib/stop/in-flight.js';
import { createStop } from '../../../lib/stop/stop.js';
import { beginOperation, endOperation, findOperation } from '../../../lib/store/operation.js';
import { type AgentOptions, fakeCore, killAllOf, killOf, stopOn } from '../../fakes/core.js';

type Bed = ReturnType<typeof fakeCore>;

function payer(core: Core) {
  const inFlight = createInFlight(core);
  const stop = createStop(core, inFlight);
  return {
    inFlight,
    stop,
    pay: (before = Number.MAX_SAFE_INTEGER) => payDebts(core, inFlight, stop, before),
  };
}
const owed = ({ store }: Bed, host = 'h1') => [...(store.memory.debts.get(host)?.keys() ?? [])];
const owe = (bed: Bed, id: string, dueAt = 0) =>
  bed.core.records.commit([
    { document: { kind: 'agent', id }, expect: null, next: null, debt: { host: 'h1', dueAt }, audit: [] },
  ]);

/** An agent that was killed and whose container could not be. */
async function owing(bed: Bed, agentId = 'a1', options: AgentOptions = {}) {
  const agent = await bed.agent(agentId, options);
  bed.containers.inject('kill', 'throws', { agentId });
  await stopOn(bed.core).stop(killOf(agentId));
  return agent;
}

describe('what a killed agent owes', () => {
  it('is paid under the operation that killed it, once it is due', async () => {
    const bed = fakeCore();
    const agent = await owing(bed);
    const { kill } = (await bed.record('a1')) as { kill: { operationId: string } };
    const { pay } = payer(bed.core);
    await pay(bed.clock.now());
    expect([await agent.isAlive(), owed(bed)]).toEqual([true, ['a1']]);
    bed.clock.advance(60_000);
    await pay(bed.clock.now());
    expect([await agent.isAlive(), await agent.hasWorktree(), owed(bed)]).toEqual([false, false, []]);
    expect(await bed.record('a1')).toMatchObject({
      kill: { operationId: kill.operationId, pending: [], attempts: 2 },
    });
    expect(bed.store.memory.audit.map(({ phase }) => phase)).toEqual(['accepted', 'unconfirmed', 'settled']);
  });

  it('is kept, and due later, when it cannot be paid', async () => {
    const bed = fakeCore();
    await owing(bed);
    bed.containers.inject('kill', 'throws', { times: 3 });
    const dues: number[] = [];
    for (let n = 0; n < 3; n++) {
      await payer(bed.core).pay();
      dues.push(bed.store.memory.debts.get('h1')?.get('a1') ?? 0);
    }
    expect(dues).toEqual([...dues].sort((a, b) => a - b));
    expect(Math.min(...dues)).toBeGreaterThan(bed.clock.now());
    expect(await bed.record('a1')).toMatchObject({
      kill: { attempts: 4, pending: ['container', 'worktree'] },
    });
    expect(bed.store.memory.audit).toHaveLength(2);
  });

  it('is left to the process that works on it already', async () => {
    const bed = fakeCore();
    await owing(bed);
    bed.containers.inject('kill', 'late');
    const { pay } = payer(bed.core);
    const paying = pay();
    await expect.poll(() => bed.containers.calls.filter(call => call.method === 'kill').length).toBe(2);
    await pay();
    bed.containers.release();
    await paying;
    expect(bed.containers.calls.filter(call => call.method === 'kill')).toHaveLength(2);
  });

  it('under a record that was overwritten is owed anew, and paid', async () => {
    const bed = fakeCore();
    const agent = await owing(bed);
    bed.store.seedForeign('a1', '{"status":"running","worktreePath":"/worktrees/a1"}');
    await payer(bed.core).pay();
    expect([await agent.isAlive(), await agent.hasWorktree(), owed(bed)]).toEqual([false, false, []]);
    expect(await bed.record('a1')).toMatchObject({
      status: 'killed',
      kill: { operationId: 'own-1', pending: [] },
    });
  });

  it('is handed over where its record names another host by now', async () => {
    const bed = fakeCore();
    const agent = await owing(bed);
    const { raw = '' } = (await bed.stored('a1')) ?? {};
    bed.store.seedForeign('a1', raw.replace('{', '{"host":"h2",'));
    await payer(bed.core).pay();
    expect([await agent.isAlive(), owed(bed), owed(bed, 'h2')]).toEqual([true, [], ['a1']]);
    await payer({ ...bed.core, hostId: 'h2' }).pay(bed.clock.now());
    expect([await agent.isAlive(), owed(bed, 'h2')]).toEqual([false, []]);
  });

  it('to another host is left to that', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1', { members: { host: 'h2' } });
    await stopOn(bed.core).stop(killOf('a1'));
    await payer(bed.core).pay();
    expect([await agent.isAlive(), owed(bed, 'h2')]).toEqual([true, ['a1']]);
    await payer({ ...bed.core, hostId: 'h2' }).pay();
    expect([await agent.isAlive(), owed(bed, 'h2')]).toEqual([false, []]);
  });
});

describe('a debt of no agent', () => {
  it.each<[string, string | undefined]>([
    ['without a record', undefined],
    ['that was never killed', '{"status":"running"}'],
    [
      'that is settled',
      '{"status":"killed","kill":{"operationId":"op","confirmedAt":"2026-11-22T10:00:00Z"}}',
    ],
    ['whose record is no JSON', '?'],
  ])('of an agent %s is forgotten, and nothing else is touched', async (_, raw) => {
    const bed = fakeCore();
    await owe(bed, 'a1');
    if (raw !== undefined) bed.store.seedForeign('a1', raw);
    const agent = bed.containers.spawn('a1');
    await payer(bed.core).pay();
    expect([owed(bed), (await bed.stored('a1'))?.raw, await agent.isRunning()]).toEqual([[], raw, true]);
  });

  it('is kept where the bytes of the record are no text', async () => {
    const bed = fakeCore();
    await owe(bed, 'a1');
    bed.store.seedForeign('a1', new Uint8Array([0xff]));
    await payer(bed.core).pay();
    expect(owed(bed)).toEqual(['a1']);
  });

  it('is kept when the agent is killed while it is looked at', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    bed.store.memory.debts.set('h1', new Map([['a1', 0]]));
    bed.containers.inject('kill', 'throws');
    let asked = 0;
    const { records } = bed.core;
    const agents: typeof records.agents = async ids => {
      if (asked++ === 1) await stopOn(bed.core).stop(killOf('a1'));
      return records.agents(ids);
    };
    await payer({ ...bed.core, records: { ...records, agents } }).pay();
    expect(owed(bed)).toEqual(['a1']);
    expect(await bed.record('a1')).toMatchObject({ kill: { pending: ['container', 'worktree'] } });
  });
});

describe('a command that did not come to its end', () => {
  it('is carried on with when it is overdue', async () => {
    const bed = fakeCore();
    const agents = [await bed.agent('a1'), await bed.agent('a2')];
    const command = killAllOf();
    await beginOperation(bed.core, command);
    const { pay } = payer(bed.core);
    await pay(bed.clock.now());
    expect(await agents[0]?.isAlive()).toBe(true);
    bed.clock.advance(60_000);
    await pay(bed.clock.now());
    expect(await Promise.all(agents.map(agent => agent.isAlive()))).toEqual([false, false]);
    expect((await findOperation(bed.core, command.operationId))?.operation).toMatchObject({
      state: 'ended',
      receipt: { total: 2, killed: 2, verified: true },
    });
    expect(owed(bed)).toEqual([]);
  });

  it('is left to this process while it carries it out', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    bed.containers.inject('kill', 'late');
    const { stop, pay } = payer(bed.core);
    const stopping = stop.stop(killOf('a1'));
    await expect.poll(() => bed.containers.calls.length).toBe(1);
    await pay();
    expect(bed.containers.calls).toHaveLength(1);
    bed.containers.release();
    expect(await stopping).toMatchObject({ killed: 1 });
  });

  it('but has ended, or says nothing that can be read, is forgotten', async () => {
    const bed = fakeCore();
    await beginOperation(bed.core, killOf('a1', { operationId: 'op1' }));
    await endOperation(bed.core, killOf('a1', { operationId: 'op1' }), undefined);
    await owe(bed, 'op1');
    await owe(bed, 'op2');
    bed.store.memory.documents.set('operation:op2', {
      raw: '{"state":"running","intent":"?"}',
      expiresAt: Number.POSITIVE_INFINITY,
    });
    await payer(bed.core).pay();
    expect(owed(bed)).toEqual([]);
  });
});

describe('paying debts', () => {
  it('gives up an operation that cannot be read, says so once, and pays for the others', async () => {
    const bed = fakeCore();
    const agent = await owing(bed, 'a2');
    await owe(bed, 'a1');
    bed.store.memory.documents.set('operation:a1', { raw: '?', expiresAt: Number.POSITIVE_INFINITY });
    await payer(bed.core).pay();
    await payer(bed.core).pay();
    expect([await agent.isAlive(), owed(bed)]).toEqual([false, []]);
    expect(bed.store.memory.documents.get('operation:a1')?.raw).toBe('?');
    const errors = bed.log.lines.filter(({ level }) => level === 'error').map(({ message }) => message);
    expect(errors.filter(message => message.includes('cannot be read'))).toEqual([
      'an operation that is owed cannot be read, and is not carried out',
    ]);
  });

  it('pays for all that it can, and reports every failure', async () => {
    const bed = fakeCore();
    for (const agentId of ['a1', 'a2', 'a3']) await owing(bed, agentId, { worktree: false });
    const { records } = bed.core;
    const agents = (ids: readonly string[]) =>
      ids[0] === 'a2' ? records.agents(ids) : Promise.reject(new Error(`broken ${ids[0]}`));
    const failure = await payer({ ...bed.core, records: { ...records, agents } })
      .pay()
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(AggregateError);
    expect((failure as AggregateError).errors.map(String).sort()).toEqual([
      'Error: broken a1',
      'Error: broken a3',
    ]);
    expect(owed(bed)).toEqual(['a1', 'a3']);
  });

  it('says that the store does not answer', async () => {
    const bed = fakeCore();
    bed.store.faults.fail('debts');
    await expect(payer(bed.core).pay()).rejects.toMatchObject({ code: 'store_unavailable' });
  });
});
