import { describe, expect, it } from 'vitest';
import { discover } from '../../../lib/discovery/discover.js';
import { enforce } from '../../../lib/reconcile/enforce.js';
import { createInFlight } from '../../../lib/stop/in-flight.js';
import { byLabel, fakeCore, killOf, stopOn } from '../../fakes/core.js';
import { killedOne, look, told } from './enforce-bench.js';

describe('a killed agent that runs again', () => {
  it.each(['containers', 'processes'] as const)('is stopped again, and that is told: %s', async place => {
    const bed = fakeCore();
    await killedOne(bed);
    const before = await bed.stored('a1');
    const back = bed[place].spawn('a1');
    await look(bed);
    expect(await back.isRunning()).toBe(false);
    expect(told(bed, 'RESURRECTION')).toMatchObject([
      {
        phase: 'settled',
        operationId: 'own-1',
        actor: 'killswitch',
        reason: 'it was killed and runs again',
        agentId: 'a1',
        taskId: 't1',
        statusBefore: 'killed',
      },
    ]);
    expect(await bed.stored('a1')).toEqual(before);
  });

  it('without a record is known by its tombstone', async () => {
    const bed = fakeCore();
    bed.containers.spawn('a1');
    await stopOn(bed.core).stop(killOf('a1'));
    const back = bed.containers.spawn('a1');
    await look(bed);
    expect(await back.isRunning()).toBe(false);
    expect(told(bed, 'RESURRECTION')).toHaveLength(1);
  });

  it('under a record that was overwritten is marked killed again', async () => {
    const bed = fakeCore();
    await killedOne(bed);
    bed.store.seedForeign('a1', '{"status":"running","taskId":"t2","big":12345678901234567890}');
    const back = bed.containers.spawn('a1');
    await look(bed);
    expect(await back.isRunning()).toBe(false);
    const { raw = '' } = (await bed.stored('a1')) ?? {};
    expect(raw).toContain('"big":12345678901234567890');
    expect(JSON.parse(raw)).toMatchObject({ status: 'killed', kill: { operationId: 'own-1', pending: [] } });
    expect(told(bed, 'RESURRECTION')).toMatchObject([{ operationId: 'own-1', statusBefore: 'running' }]);
  });

  it('under a record that cannot be read is stopped by its label', async () => {
    const bed = fakeCore();
    await killedOne(bed);
    bed.store.seedForeign('a1', '?');
    const back = bed.containers.spawn('a1');
    await look(bed);
    expect(await back.isRunning()).toBe(false);
    expect(told(bed, 'RESURRECTION')).toHaveLength(1);
  });

  it('by its record alone, without a tombstone, is stopped again', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1', { status: 'killed' });
    await look(bed);
    expect(await agent.isAlive()).toBe(false);
  });

  it('is told to be unconfirmed while it is not seen dead, and looked at again', async () => {
    const bed = fakeCore();
    await killedOne(bed);
    const back = bed.containers.spawn('a1');
    bed.containers.inject('kill', 'throws');
    await look(bed);
    expect(told(bed, 'RESURRECTION')).toMatchObject([{ phase: 'unconfirmed' }]);
    await look(bed);
    expect(await back.isRunning()).toBe(false);
  });

  it('is left to the debt while that layer is still owed', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1');
    bed.containers.inject('kill', 'throws');
    await stopOn(bed.core).stop(killOf('a1'));
    await look(bed);
    expect(await agent.isAlive()).toBe(true);
    expect(told(bed, 'RESURRECTION')).toEqual([]);
  });

  it('is paid for at once where its record says owed and no host is to pay', async () => {
    const bed = fakeCore();
    await killedOne(bed);
    bed.store.seedForeign('a1', '{"status":"killed","kill":{"operationId":"op","pending":["container"]}}');
    const back = bed.containers.spawn('a1');
    await look(bed);
    expect(await back.isRunning()).toBe(false);
    expect(await bed.record('a1')).toMatchObject({ kill: { operationId: 'op', pending: [] } });
  });

  it('is not taken for owed under a record that says running and owed', async () => {
    const bed = fakeCore();
    await killedOne(bed);
    bed.store.seedForeign('a1', '{"status":"running","kill":{"operationId":"op","pending":["container"]}}');
    bed.containers.spawn('a1');
    await look(bed);
    expect(await bed.record('a1')).toMatchObject({
      status: 'killed',
      kill: { operationId: 'own-1', pending: [] },
    });
  });

  it('is stopped where another layer than the owed one runs', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    bed.containers.inject('kill', 'throws');
    await stopOn(bed.core).stop(killOf('a1'));
    const back = bed.processes.spawn('a1');
    await look(bed);
    expect(await back.isRunning()).toBe(false);
    expect(told(bed, 'RESURRECTION')).toHaveLength(1);
  });

  it.each(['running', 'killed'])(
    'is stopped where it is seen, whatever host its record names: %s',
    async status => {
      const bed = fakeCore();
      await killedOne(bed);
      const kill = { operationId: 'op', pending: ['container', 'worktree'] };
      const record = {
        status,
        host: 'h2',
        worktreePath: '/worktrees/a1',
        ...(status === 'killed' && { kill }),
      };
      bed.store.seedForeign('a1', JSON.stringify(record));
      bed.trees.standing.add('/worktrees/a1');
      const back = bed.containers.spawn('a1');
      await look(bed);
      expect(await back.isRunning()).toBe(false);
      expect(await bed.record('a1')).toMatchObject({ status: 'killed' });
      expect(told(bed, 'RESURRECTION').at(-1)).toMatchObject({ phase: 'settled' });
      expect(bed.trees.standing.has('/worktrees/a1')).toBe(true);
    },
  );

  it('is left to the process that works on it already', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    bed.containers.inject('kill', 'late');
    const inFlight = createInFlight(bed.core);
    const one = inFlight.run(byLabel('a1'));
    const { seen } = await discover(bed.core);
    bed.store.faults.fail('agents');
    await enforce(bed.core, inFlight, seen);
    bed.containers.release();
    await one.done;
  });

  it('is left to the process that has taken it up while the store was asked', async () => {
    const bed = fakeCore();
    await killedOne(bed);
    bed.containers.spawn('a1');
    const inFlight = createInFlight(bed.core);
    const { seen } = await discover(bed.core);
    const before = bed.containers.calls.filter(({ method }) => method === 'kill').length;
    await Promise.all([enforce(bed.core, inFlight, seen), enforce(bed.core, inFlight, seen)]);
    expect(told(bed, 'RESURRECTION')).toHaveLength(1);
    expect(bed.containers.calls.filter(({ method }) => method === 'kill')).toHaveLength(before + 1);
  });

  it('and is seen by two nodes is told once', async () => {
    const bed = fakeCore();
    await killedOne(bed);
    bed.store.seedForeign('a1', '{"status":"running"}');
    bed.containers.spawn('a1');
    await Promise.all([look(bed), look(bed, { core: { ...bed.core } })]);
    expect(told(bed, 'RESURRECTION')).toHaveLength(1);
  });

  it('that is gone again when it is looked for is not reported', async () => {
    const bed = fakeCore();
    await killedOne(bed);
    bed.containers.spawn('a1');
    bed.containers.inject('kill', 'gone');
    await look(bed);
    expect(told(bed, 'RESURRECTION')).toEqual([]);
  });

  it('is stopped although its record cannot be written', async () => {
    const bed = fakeCore();
    await killedOne(bed);
    bed.containers.spawn('a1');
    bed.store.faults.fail('append');
    await look(bed);
    expect((await discover(bed.core)).seen).toEqual([]);
  });
});

describe('a look at what runs', () => {
  it('remembers the records on the way', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    await bed.agent('elsewhere', { container: false });
    await look(bed);
    expect([...bed.core.recordCache.keys()]).toEqual(['a1']);
    expect(bed.core.recordCache.get('a1')).toMatchObject({ taskId: 't1', worktreePath: '/worktrees/a1' });
  });

  it('asks the store nothing where nothing runs', async () => {
    const bed = fakeCore();
    for (const method of ['agents', 'tombstoned', 'read'] as const) bed.store.faults.fail(method);
    await look(bed);
  });

  it('says that the store does not answer', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1');
    bed.store.faults.fail('tombstoned');
    await expect(look(bed)).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(await agent.isAlive()).toBe(true);
  });
});
