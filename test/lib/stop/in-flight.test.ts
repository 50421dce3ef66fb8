import { describe, expect, it } from 'vitest';
import type { Command } from '../../../lib/domain/command.js';
import { KillswitchError } from '../../../lib/domain/errors.js';
import { readRecord } from '../../../lib/domain/record.js';
import { agentReceipt } from '../../../lib/stop/case.js';
import { openCases } from '../../../lib/stop/in-flight.js';
import { commitKills } from '../../../lib/stop/mark-killed.js';
import { fakeCore, killAllOf, killOf } from '../../fakes/core.js';

type Bed = ReturnType<typeof fakeCore>;

async function verdictOn(bed: Bed, command: Command, agentId = 'a1') {
  const readings = (await bed.core.records.agents([agentId])).map(readRecord);
  const [verdict] = await commitKills(bed.core, command, readings);
  if (!verdict) throw new Error('no verdict');
  return verdict;
}

const kills = ({ containers }: Bed): number => containers.calls.filter(call => call.method === 'kill').length;

describe('the agents that are being stopped', () => {
  it('joins work that is under way, so that the clean-up is done once', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    bed.containers.inject('kill', 'late');
    const cases = openCases(bed.core);
    const [first, second] = [killOf('a1'), killOf('a1')];
    const one = cases.follow(first, await verdictOn(bed, first), 0);
    const other = cases.follow(second, await verdictOn(bed, second), 0);
    expect(other).toBe(one);
    bed.containers.release();
    await one?.done;
    expect(kills(bed)).toBe(1);
  });

  it('does not wait out a grace that the second command does not give', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    bed.containers.inject('kill', 'hangs');
    const cases = openCases(bed.core);
    const [gentle, hard] = [killOf('a1', { graceSeconds: 30 }), killOf('a1')];
    const slow = cases.follow(gentle, await verdictOn(bed, gentle), 0);
    const fast = cases.follow(hard, await verdictOn(bed, hard), 0);
    expect(fast).not.toBe(slow);
    await fast?.done;
    expect(bed.containers.calls.map(({ method, graceMs }) => [method, graceMs])).toEqual([
      ['kill', 30_000],
      ['kill', 0],
      ['remove', undefined],
    ]);
    expect(await bed.record('a1')).toMatchObject({ kill: { operationId: gentle.operationId, pending: [] } });
  });

  it('joins with a longer grace than the one under way', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    bed.containers.inject('kill', 'late');
    const cases = openCases(bed.core);
    const [hard, gentle] = [killOf('a1'), killOf('a1', { graceSeconds: 5 })];
    const one = cases.follow(hard, await verdictOn(bed, hard), 0);
    expect(cases.follow(gentle, await verdictOn(bed, gentle), 0)).toBe(one);
    bed.containers.release();
    await one?.done;
  });

  it('does not join the work of another operation', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    bed.containers.inject('kill', 'hangs');
    const cases = openCases(bed.core);
    const [first, second] = [killOf('a1'), killOf('a1')];
    const one = cases.follow(first, await verdictOn(bed, first), 0);
    bed.store.seedForeign('a1', '{"status":"running"}');
    const other = cases.follow(second, await verdictOn(bed, second), 0);
    expect(other).not.toBe(one);
    expect(other).toMatchObject({ operationId: second.operationId, statusBefore: 'running' });
    await other?.done;
  });

  it('starts again once the work has ended', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    bed.containers.inject('kill', 'throws');
    const cases = openCases(bed.core);
    const [first, second] = [killOf('a1'), killOf('a1')];
    await cases.follow(first, await verdictOn(bed, first), 0)?.done;
    await cases.follow(second, await verdictOn(bed, second), 0)?.done;
    expect(kills(bed)).toBe(2);
    expect(await bed.record('a1')).toMatchObject({ kill: { pending: [], attempts: 2 } });
  });

  it('refuses one agent loudly, and leaves out of many what has ended or gone meanwhile', () => {
    const cases = openCases(fakeCore().core);
    const refused = (code: 'invalid_state' | 'agent_not_found' | 'conflict') =>
      ({ kind: 'refused', agentId: 'a1', error: new KillswitchError(code) }) as const;
    expect(() => cases.follow(killOf('a1'), refused('invalid_state'), 0)).toThrow(KillswitchError);
    expect(cases.follow(killAllOf(), refused('invalid_state'), 0)).toBeUndefined();
    expect(cases.follow(killAllOf(), refused('agent_not_found'), 0)).toBeUndefined();
    const conflict = cases.follow(killAllOf(), refused('conflict'), 0);
    expect(conflict && agentReceipt(conflict)).toMatchObject({
      error: { code: 'conflict' },
      verified: false,
    });
  });

  it('stops by its label what has an unreadable record, and says that it is not marked', async () => {
    const bed = fakeCore();
    const agent = bed.containers.spawn('a1');
    bed.store.seedForeign('a1', '?');
    const cases = openCases(bed.core);
    const one = cases.follow(killOf('a1'), await verdictOn(bed, killOf('a1')), 0);
    await one?.done;
    expect(await agent.isRunning()).toBe(false);
    expect(one && agentReceipt(one)).toMatchObject({
      verified: false,
      outcomes: [{ layer: 'container', outcome: 'removed' }, { layer: 'process' }],
      error: {
        code: 'unreadable_record',
        detail: 'the record is not JSON; stopped by its label alone',
      },
    });
    expect((await bed.stored('a1'))?.raw).toBe('?');
  });

  it('leaves the agent of another host to its node, and says so', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1', { members: { host: 'h2' } });
    const cases = openCases(bed.core);
    const one = cases.follow(killOf('a1'), await verdictOn(bed, killOf('a1')), 0);
    await one?.done;
    expect(await agent.isAlive()).toBe(true);
    expect(one && agentReceipt(one)).toMatchObject({
      statusBefore: 'running',
      host: 'h2',
      pending: ['container', 'worktree'],
      outcomes: [{ outcome: 'pending', detail: 'host h2 has not answered' }, { outcome: 'pending' }],
    });
    expect([...bed.containers.calls, ...bed.trees.calls]).toEqual([]);
  });

  it('logs when the store cannot be told how it ended', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    const cases = openCases(bed.core);
    const verdict = await verdictOn(bed, killOf('a1'));
    bed.store.faults.fail('commit');
    const one = cases.follow(killOf('a1'), verdict, 0);
    await one?.done;
    expect(bed.log.lines.at(-1)).toMatchObject({ level: 'error', message: 'the store was not told' });
    expect(await bed.record('a1')).toMatchObject({ kill: { pending: ['container', 'worktree'] } });
  });

  it('is idle when none is left', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    bed.containers.inject('kill', 'late');
    const cases = openCases(bed.core);
    const one = cases.follow(killOf('a1'), await verdictOn(bed, killOf('a1')), 0);
    let isIdle = false;
    const idle = cases.idle().then(() => {
      isIdle = true;
    });
    await new Promise(setImmediate);
    expect(isIdle).toBe(false);
    bed.containers.release();
    await idle;
    expect(one && agentReceipt(one).pending).toEqual([]);
    await cases.idle();
  });

  it('counts what could not be marked for another reason, and names that', async () => {
    const cases = openCases(fakeCore().core);
    const error = new KillswitchError('internal');
    const one = cases.follow(killAllOf(), { kind: 'refused', agentId: 'a1', error }, 0);
    expect(one).toMatchObject({ agent: { agentId: 'a1' }, error });
    const outside = new KillswitchError('forbidden');
    expect(cases.follow(killAllOf(), { kind: 'refused', agentId: 'a1', error: outside }, 0)).toBeUndefined();
  });
});
