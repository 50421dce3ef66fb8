import { describe, expect, it } from 'vitest';
import { findLatch } from '../../../lib/agents/latch.js';
import { KillswitchError } from '../../../lib/domain/errors.js';
import type { Records } from '../../../lib/ports/records.js';
import { holding } from '../../fakes/authenticator.js';
import { fakeCore, killAllOf, killOf, stopOn } from '../../fakes/core.js';

type Bed = ReturnType<typeof fakeCore>;

/** A core in which `meddle` happens just before each commit that touches an agent. */
const meddled = ({ core }: Bed, meddle: () => unknown) => {
  const records: Records = {
    ...core.records,
    commit: async steps => {
      if (steps.some(({ document }) => document.kind === 'agent')) await meddle();
      return core.records.commit(steps);
    },
  };
  return { ...core, records };
};

describe('a kill-all that engages the emergency stop', () => {
  it('is refused as a whole to who may not engage it, and no agent is stopped', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1');
    const command = killAllOf({ latch: true, actor: holding('agents:kill-all') });
    await expect(stopOn(bed.core).stop(command)).rejects.toMatchObject({ code: 'forbidden' });
    expect([await agent.isAlive(), (await findLatch(bed.core)).latch.engaged]).toEqual([true, false]);
  });

  it('needs that scope only if it does', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1');
    await stopOn(bed.core).stop(killAllOf({ actor: holding('agents:kill-all') }));
    expect([await agent.isAlive(), (await findLatch(bed.core)).latch.engaged]).toEqual([false, false]);
  });

  it('is written down as a whole while the store does not answer for the latch, and stops what runs here', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1');
    bed.store.faults.fail('read');
    const receipt = await stopOn(bed.core).stop(killAllOf({ latch: true }));
    expect(receipt).toMatchObject({ degraded: true, verified: false });
    expect(receipt.errors ?? []).not.toContainEqual(expect.stringContaining('not engaged'));
    expect([...bed.journal.memory.values()].join()).toContain('"latch":true');
    expect(await agent.isAlive()).toBe(false);
  });

  it('says and logs why it could not be engaged otherwise, and stops all the same', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1');
    bed.store.faults.fail('read', { error: new KillswitchError('conflict', 'It kept changing'), times: 1 });
    const { operationId, errors } = await stopOn(bed.core).stop(killAllOf({ latch: true }));
    expect(errors).toEqual(['the emergency stop was not engaged: It kept changing']);
    expect(bed.log.lines).toContainEqual({
      level: 'error',
      entry: { err: expect.objectContaining({ code: 'conflict' }), operationId },
      message: 'the emergency stop was not engaged',
    });
    expect(await agent.isAlive()).toBe(false);
  });
});

describe('a kill-all', () => {
  it('does not count who ended by itself before it could be marked', async () => {
    const bed = fakeCore();
    await bed.agent('a1', { container: false });
    await bed.agent('a2');
    const raced = meddled(bed, () => bed.store.seedForeign('a1', '{"status":"completed"}'));
    const receipt = await stopOn(raced).stop(killAllOf());
    expect(receipt).toMatchObject({ total: 1, killed: 1, agents: [{ agentId: 'a2' }] });
    expect(receipt.errors).toBeUndefined();
  });

  it('says whose record keeps changing, and stops it by its label with the others', async () => {
    const bed = fakeCore();
    const changing = await bed.agent('a1');
    const other = await bed.agent('a2');
    let round = 0;
    const raced = meddled(bed, () => bed.store.seedForeign('a1', `{"status":"running","round":${++round}}`));
    const receipt = await stopOn(raced).stop(killAllOf());
    expect(receipt).toMatchObject({ total: 2, killed: 1, failed: 1 });
    expect(receipt.agents).toContainEqual(
      expect.objectContaining({ agentId: 'a1', error: expect.objectContaining({ code: 'conflict' }) }),
    );
    expect(receipt.incomplete).toBeUndefined();
    expect([await changing.isAlive(), await other.isAlive()]).toEqual([false, false]);
  });

  it('goes on without the store past a record that cannot be read', async () => {
    const bed = fakeCore();
    const [agent, hidden] = [await bed.agent('a1'), await bed.agent('a2')];
    bed.store.seedForeign('a2', '?');
    bed.store.faults.fail('commit');
    const receipt = await stopOn(bed.core).stop(killAllOf());
    expect(receipt).toMatchObject({ degraded: true });
    expect([await agent.isAlive(), await hidden.isAlive()]).toEqual([false, false]);
    expect(bed.journal.memory.size).toBe(1);
  });

  it('that ends early while some are being stopped is reported in the log', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    let looks = 0;
    const records: Records = {
      ...bed.core.records,
      scan: scope => {
        if (++looks > 1) throw new Error('a driver’s secret');
        return bed.core.records.scan(scope);
      },
    };
    const { operationId } = await stopOn({ ...bed.core, records }).stop(killAllOf());
    expect(bed.log.lines).toContainEqual({
      level: 'error',
      entry: { err: expect.any(Error), operationId },
      message: 'selection ended early',
    });
  });
});

describe('an order that is given twice under one operation', () => {
  it('is carried out once: what carries it on joins it where it is under way', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    const stop = stopOn(bed.core);
    const command = killOf('a1');
    bed.containers.inject('kill', 'late');
    const first = stop.stop(command);
    await expect.poll(() => bed.containers.calls.filter(({ method }) => method === 'kill').length).toBe(1);
    const second = stop.resume(command);
    bed.containers.release();
    await Promise.all([first, second]);
    await stop.idle();
    expect(stop.isRunning(command.operationId)).toBe(false);
    expect(bed.containers.calls.filter(({ method }) => method === 'kill')).toHaveLength(1);
    const phases = bed.store.memory.audit.map(({ phase }) => phase);
    expect(phases).toEqual(['accepted', 'settled']);
  });
});
