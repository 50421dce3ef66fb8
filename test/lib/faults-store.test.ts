import { describe, expect, it } from 'vitest';
import { createStop } from '../../lib/stop.js';
import { fakeCore, killAllOf, killOf } from '../fakes/core.js';
import { type Bed, stopBoth } from './fault-bench.js';

describe('a store that', () => {
  it.each(['agents', 'commit'] as const)(
    'is down at %s is told as that, and nothing is touched',
    async method => {
      const bed = fakeCore();
      const agent = await bed.agent('a1');
      bed.store.faults.fail(method);
      const stop = createStop(bed.core);
      await expect(stop.stop(killOf('a1'))).rejects.toMatchObject({ code: 'store_unavailable', status: 503 });
      expect(await agent.isAlive()).toBe(true);
    },
  );

  it('is down for a kill-all is told as that', async () => {
    const bed = fakeCore();
    bed.store.faults.fail('scan');
    const stop = createStop(bed.core);
    await expect(stop.stop(killAllOf())).rejects.toMatchObject({ code: 'store_unavailable' });
    await stop.idle();
  });

  it('throws something of its own shows nothing of it', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    bed.store.faults.fail('commit', { error: new Error('broken') });
    await expect(createStop(bed.core).stop(killOf('a1'))).rejects.toMatchObject({ code: 'internal' });
  });

  it('takes reads and no writes is told agent by agent', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    bed.store.faults.fail('commit');
    expect(await createStop(bed.core).stop(killAllOf())).toMatchObject({
      total: 1,
      killed: 0,
      failed: 1,
      errors: ['a1: The store does not answer'],
    });
  });

  it('answers late, or gets every commit twice, does no harm', async () => {
    for (const meddle of [
      (bed: Bed) => bed.store.faults.late('commit', 5),
      (bed: Bed) => bed.store.faults.duplicate('commit'),
    ]) {
      const bed = fakeCore();
      await bed.agent('a1');
      meddle(bed);
      const receipt = await createStop(bed.core).stop(killOf('a1'));
      expect(receipt.message).toBe('Agent a1 killed successfully');
      expect(bed.store.memory.audit.map(({ phase }) => phase)).toEqual(['accepted', 'settled']);
    }
  });

  it('refuses one agent for ever does not keep the others from being stopped', async () => {
    const bed = fakeCore();
    const { records } = bed.core;
    const core = {
      ...bed.core,
      records: {
        ...records,
        commit: async (steps: Parameters<typeof records.commit>[0]) =>
          Promise.all(
            steps.map(async step => {
              if (step.document.id === 'a1') return 'conflict' as const;
              const [result] = await records.commit([step]);
              return result ?? 'conflict';
            }),
          ),
      },
    };
    const receipt = await stopBoth({ ...bed, core });
    expect(receipt).toMatchObject({ total: 2, killed: 1, failed: 1 });
    expect(receipt.agents.find(({ agentId }) => agentId === 'a1')?.error).toMatchObject({ code: 'conflict' });
  });

  it('lost the record between reading and writing says that it is not there', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    const gone = () => {
      bed.store.memory.documents.delete('agent:a1');
      return ['conflict' as const];
    };
    bed.store.faults.lie('commit', gone, { times: 1 });
    const stop = createStop(bed.core);
    await expect(stop.stop(killOf('a1'))).rejects.toMatchObject({ code: 'agent_not_found' });
    await bed.agent('a1');
    bed.store.faults.lie('commit', gone, { times: 1 });
    expect(await stop.stop(killAllOf())).toMatchObject({ total: 0, failed: 0 });
  });

  it('claims to have written what it has not still has the agent stopped', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1');
    bed.store.faults.lie('commit', () => ['committed']);
    expect(await createStop(bed.core).stop(killOf('a1'))).toMatchObject({ killed: 1, verified: true });
    expect(await agent.isAlive()).toBe(false);
  });

  it('cannot take the audit of a kill-all still has everything stopped', async () => {
    for (const meddle of [
      (bed: Bed) => bed.store.faults.fail('append'),
      (bed: Bed) => bed.store.faults.late('append', 50),
    ]) {
      const bed = fakeCore();
      meddle(bed);
      expect(await stopBoth(bed)).toMatchObject({ total: 2, killed: 2, pending: 0 });
    }
  });

  it('never takes the audit of a kill-all does not hold up its answer', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    bed.store.faults.hang('append');
    expect(await createStop(bed.core).stop(killAllOf())).toMatchObject({ killed: 1 });
  });

  it('goes away after the agent was marked has it stopped, and the debt stays', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1');
    bed.containers.inject('kill', 'late');
    const stop = createStop(bed.core);
    const stopping = stop.stop(killOf('a1'));
    await expect.poll(() => bed.containers.calls.length).toBe(1);
    bed.store.faults.fail('commit');
    bed.containers.release();
    expect(await stopping).toMatchObject({ message: 'Agent a1 killed successfully' });
    expect(await agent.isAlive()).toBe(false);
    expect(bed.store.memory.debts.get('h1')?.has('a1')).toBe(true);
  });
});
