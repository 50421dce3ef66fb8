import { describe, expect, it } from 'vitest';
import { createInFlight } from '../../../lib/stop/in-flight.js';
import { createStop } from '../../../lib/stop/stop.js';
import { narrowedTo } from '../../fakes/authenticator.js';
import { fakeCore, killOf } from '../../fakes/core.js';

function openBench() {
  const bed = fakeCore();
  return { ...bed, stop: createStop(bed.core, createInFlight(bed.core)) };
}

describe('a kill of an agent without a record', () => {
  it('stops what carries its label, and marks the ID for ever', async () => {
    const { stop, containers, processes, core, store, stored } = openBench();
    const running = [containers.spawn('a1'), processes.spawn('a1')];
    const other = containers.spawn('a2');
    const receipt = await stop.stop(killOf('a1', { operationId: 'op', reason: 'who is this' }));
    expect(receipt).toMatchObject({
      message: 'Agent a1 killed successfully',
      verified: true,
      total: 1,
      agents: [{ agentId: 'a1', pending: [] }],
    });
    expect(await Promise.all([...running, other].map(one => one.isRunning()))).toEqual([false, false, true]);
    expect(await core.records.tombstoned(['a1', 'a2'])).toEqual([true, false]);
    expect(JSON.parse((await stored('a1'))?.raw ?? '')).toMatchObject({
      agentId: 'a1',
      status: 'killed',
      source: 'observed',
      detector: 'label',
      host: 'h1',
      containerId: running[0]?.target.id,
      kill: { operationId: 'op', pending: [], confirmedAt: expect.any(String) },
    });
    const common = { operation: 'KILL_AGENT', operationId: 'op', agentId: 'a1' };
    expect(store.memory.audit).toMatchObject([
      { ...common, phase: 'accepted', reason: 'who is this', statusBefore: 'running' },
      { ...common, phase: 'settled' },
    ]);
  });

  it('says what is open', async () => {
    const { stop, containers, store } = openBench();
    containers.spawn('a1');
    containers.inject('remove', 'throws');
    const receipt = await stop.stop(killOf('a1'));
    expect(receipt).toMatchObject({ pending: 1, agents: [{ pending: ['container'] }] });
    expect(store.memory.audit.at(-1)).toMatchObject({ phase: 'unconfirmed' });
  });

  it('is refused when nothing here carries its label either', async () => {
    const { stop, containers, core } = openBench();
    containers.spawn('a1', { labelled: false });
    await expect(stop.stop(killOf('a1'))).rejects.toMatchObject({ code: 'agent_not_found' });
    expect(await core.records.tombstoned(['a1'])).toEqual([false]);
  });

  it('is refused to who may stop agents of one task alone', async () => {
    const { stop, containers, core } = openBench();
    const { isRunning } = containers.spawn('a1');
    const actor = narrowedTo({ taskId: 't1' });
    await expect(stop.stop(killOf('a1', { actor }))).rejects.toMatchObject({ code: 'forbidden' });
    expect([await isRunning(), ...(await core.records.tombstoned(['a1']))]).toEqual([true, false]);
  });

  it('does nothing when it is a dry run', async () => {
    const { stop, containers, store } = openBench();
    const { isRunning } = containers.spawn('a1');
    const receipt = await stop.stop(killOf('a1', { dryRun: true }));
    expect(receipt).toMatchObject({ dryRun: true, total: 1 });
    expect([await isRunning(), store.memory.audit]).toEqual([true, []]);
  });

  it('goes by the record when that appears meanwhile', async () => {
    const { stop, agent, core, store, record } = openBench();
    await agent('a1');
    let asked = 0;
    store.faults.lie('agents', truth => (++asked === 1 ? [] : truth()));
    const receipt = await stop.stop(killOf('a1'));
    expect(receipt).toMatchObject({ verified: true, agents: [{ statusBefore: 'running' }] });
    expect(await record('a1')).toMatchObject({ status: 'killed', kill: { pending: [] } });
    expect(await core.records.tombstoned(['a1'])).toEqual([true]);
  });

  it('stops by the label when the store goes before the mark is laid', async () => {
    const { stop, containers, store } = openBench();
    const { isRunning } = containers.spawn('a1');
    store.faults.fail('commit');
    expect(await stop.stop(killOf('a1'))).toMatchObject({ degraded: true, killed: 1 });
    expect(await isRunning()).toBe(false);
  });
});
