import { describe, expect, it } from 'vitest';
import { type BenchAgent, fakeCore, killAllOf, killOf, startOn, stopOn } from '../fakes/core.js';
import { atDeadlines } from '../fakes/deadlines.js';
import { type Bed, stopBoth } from './bench.js';

const owed = ({ store }: Bed) => [...(store.memory.debts.get('h1')?.keys() ?? [])];

describe('a store that', () => {
  it.each(['agents', 'commit'] as const)(
    'throws at %s something of its own shows nothing of it',
    async method => {
      const bed = fakeCore();
      await bed.agent('a1');
      bed.store.faults.fail(method, { error: new Error('broken') });
      await expect(stopOn(bed.core).stop(killOf('a1'))).rejects.toMatchObject({
        code: 'internal',
        message: 'Something failed inside',
      });
    },
  );

  it('answers late, or gets every commit twice, does no harm', async () => {
    for (const meddle of [
      (bed: Bed) => bed.store.faults.late('commit', 5),
      (bed: Bed) => bed.store.faults.duplicate('commit'),
    ]) {
      const bed = fakeCore();
      await bed.agent('a1');
      meddle(bed);
      const receipt = await stopOn(bed.core).stop(killOf('a1'));
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
    const { records } = bed.core;
    const commit: typeof records.commit = async steps => {
      if (steps[0]?.document.kind === 'agent') bed.store.memory.documents.delete('agent:a1');
      return records.commit(steps);
    };
    const stop = stopOn({ ...bed.core, records: { ...records, commit } });
    await bed.agent('a1');
    await expect(stop.stop(killOf('a1'))).rejects.toMatchObject({ code: 'agent_not_found' });
    await bed.agent('a1');
    expect(await stop.stop(killAllOf())).toMatchObject({ total: 0, failed: 0 });
  });

  it('claims to have written what it has not still has the agent stopped', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1');
    bed.store.faults.lie('commit', () => ['committed']);
    expect(await stopOn(bed.core).stop(killOf('a1'))).toMatchObject({ killed: 1, verified: true });
    expect(await agent.isAlive()).toBe(false);
  });

  it('goes away after the agent was marked has it stopped, and the debt stays until it is paid', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1');
    bed.containers.inject('kill', 'late');
    const stop = stopOn(bed.core);
    const stopping = stop.stop(killOf('a1'));
    await expect.poll(() => bed.containers.calls.length).toBe(1);
    bed.store.faults.fail('commit');
    bed.containers.release();
    expect(await stopping).toMatchObject({ message: 'Agent a1 killed successfully' });
    expect(await agent.isAlive()).toBe(false);
    expect(owed(bed)).toContain('a1');
    bed.store.faults.heal();
    await startOn(bed.core);
    expect(owed(bed)).toEqual([]);
    expect(await bed.record('a1')).toMatchObject({ kill: { pending: [], confirmedAt: expect.any(String) } });
  });
});

const METHODS = ['read', 'agents', 'scan', 'commit', 'tombstoned', 'debts', 'append', 'query'] as const;

/** What is true when everything has been said and done, whatever went wrong on the way. */
async function expectAllDone(bed: Bed, agents: readonly BenchAgent[]): Promise<void> {
  bed.store.faults.heal();
  bed.clock.advance(120_000);
  await startOn(bed.core);
  for (const agent of agents) {
    expect([await agent.isAlive(), await agent.hasWorktree()]).toEqual([false, false]);
    expect(await bed.record(agent.agentId)).toMatchObject({ status: 'killed', kill: { pending: [] } });
  }
  expect([owed(bed), bed.journal.memory.size]).toEqual([[], 0]);
  const { audit } = bed.store.memory;
  const phasesOf = (operation: string, agentId?: string): string[] =>
    audit.flatMap(entry => (entry.operation === operation && entry.agentId === agentId ? [entry.phase] : []));
  for (const { agentId } of agents) {
    const [accepted, ...later] = phasesOf('KILL_AGENT', agentId);
    // A worktree waits for a store that can say whose it is: until then it is unconfirmed, said once.
    expect([accepted, ...later.filter(phase => phase !== 'unconfirmed')]).toEqual(['accepted', 'settled']);
    expect(later.length).toBeLessThanOrEqual(2);
  }
  const [accepted, ...ended] = phasesOf('KILL_ALL_AGENTS');
  expect([accepted, ended.length]).toEqual(['accepted', 1]);
}

describe.each(METHODS)('a store whose %s', method => {
  const open = async () => {
    const bed = fakeCore();
    return { bed, agents: [await bed.agent('a1'), await bed.agent('a2')] };
  };
  const stopAll = (bed: Bed) => stopOn(bed.core).stop(killAllOf());

  it('does not answer keeps no agent alive, and all of it is reported in the end', async () => {
    const { bed, agents } = await open();
    bed.store.faults.fail(method);
    expect(await stopAll(bed)).toMatchObject({ total: 2, killed: 2 });
    for (const agent of agents) expect(await agent.isAlive()).toBe(false);
    await expectAllDone(bed, agents);
  });

  it('does not answer once is the same', async () => {
    const { bed, agents } = await open();
    bed.store.faults.fail(method, { times: 1 });
    expect(await stopAll(bed)).toMatchObject({ total: 2, killed: 2 });
    await expectAllDone(bed, agents);
  });

  it('answers late, or does everything twice, does no harm', async () => {
    for (const meddle of [
      ({ store }: Bed) => store.faults.late(method, 2),
      ({ store }: Bed) => store.faults.duplicate(method),
    ]) {
      const { bed, agents } = await open();
      meddle(bed);
      expect(await stopAll(bed)).toMatchObject({ total: 2, killed: 2, pending: 0, verified: true });
      await expectAllDone(bed, agents);
    }
  });

  it('hangs holds up no answer longer than that may take', async () => {
    const { bed } = await open();
    bed.store.faults.hang(method);
    expect(await atDeadlines(() => stopAll(bed))).toMatchObject({ operationId: expect.any(String) });
  });
});
