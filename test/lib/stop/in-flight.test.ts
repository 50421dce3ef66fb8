import { describe, expect, it } from 'vitest';
import type { Command } from '../../../lib/domain/command.js';
import { KillswitchError } from '../../../lib/domain/errors.js';
import { readRecord } from '../../../lib/domain/record.js';
import { createInFlight, type InFlight } from '../../../lib/stop/in-flight.js';
import { orderOf } from '../../../lib/stop/kill-agent.js';
import { markKilled, type Verdict } from '../../../lib/stop/mark-killed.js';
import { agentReceipt } from '../../../lib/stop/receipt.js';
import { startKill } from '../../../lib/stop/stop.js';
import { fakeClock } from '../../fakes/clock.js';
import { fakeCore, killAllOf, killOf } from '../../fakes/core.js';

type Bed = ReturnType<typeof fakeCore>;

async function verdictOn(bed: Bed, command: Command, agentId = 'a1') {
  const readings = (await bed.core.records.agents([agentId])).map(readRecord);
  const [verdict] = await markKilled(bed.core, command, { candidates: readings });
  if (!verdict) throw new Error('no verdict');
  return verdict;
}

const follow = (inFlight: InFlight, command: Command, verdict: Verdict) =>
  startKill({ command, order: orderOf({ clock: fakeClock() }, command), inFlight }, verdict);

const kills = ({ containers }: Bed): number => containers.calls.filter(call => call.method === 'kill').length;

describe('the agents that are being stopped', () => {
  it('joins work that is under way, so that the clean-up is done once', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    bed.containers.inject('kill', 'late');
    const inFlight = createInFlight(bed.core);
    const [first, second] = [killOf('a1'), killOf('a1')];
    const one = follow(inFlight, first, await verdictOn(bed, first));
    const other = follow(inFlight, second, await verdictOn(bed, second));
    expect(other).toBe(one);
    bed.containers.release();
    await one?.done;
    expect(kills(bed)).toBe(1);
  });

  it('does not wait out a grace that the second command does not give', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    bed.containers.inject('kill', 'hangs');
    const inFlight = createInFlight(bed.core);
    const [gentle, hard] = [killOf('a1', { graceSeconds: 30 }), killOf('a1')];
    const slow = follow(inFlight, gentle, await verdictOn(bed, gentle));
    const fast = follow(inFlight, hard, await verdictOn(bed, hard));
    expect(fast).not.toBe(slow);
    await fast?.done;
    expect(bed.containers.calls.map(({ method, graceMs }) => [method, graceMs])).toEqual([
      ['kill', 30_000],
      ['kill', 0],
      ['remove', undefined],
    ]);
    expect(await bed.record('a1')).toMatchObject({ kill: { operationId: gentle.operationId, pending: [] } });
  });

  it('does not join work that spares what others need where it is not to be spared, and remembers that', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    bed.containers.inject('kill', 'late');
    const inFlight = createInFlight(bed.core);
    const [sparing, all] = [killOf('a1'), killOf('a1', { shared: true })];
    const one = follow(inFlight, sparing, await verdictOn(bed, sparing));
    const other = follow(inFlight, all, await verdictOn(bed, all));
    expect(other).not.toBe(one);
    bed.containers.release();
    await Promise.all([one?.done, other?.done]);

    await bed.agent('a2');
    const command = killOf('a2', { shared: true });
    const verdict = await verdictOn(bed, command, 'a2');
    expect(verdict).toMatchObject({ kind: 'killed', agent: { kill: { shared: true } } });
    const [stored] = await bed.core.records.agents(['a2']);
    expect(stored && readRecord(stored)).toMatchObject({ agent: { kill: { shared: true } } });
  });

  it('joins with a longer grace than the one under way', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    bed.containers.inject('kill', 'late');
    const inFlight = createInFlight(bed.core);
    const [hard, gentle] = [killOf('a1'), killOf('a1', { graceSeconds: 5 })];
    const one = follow(inFlight, hard, await verdictOn(bed, hard));
    expect(follow(inFlight, gentle, await verdictOn(bed, gentle))).toBe(one);
    bed.containers.release();
    await one?.done;
  });

  it('does not join the work of another operation', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    bed.containers.inject('kill', 'hangs');
    const inFlight = createInFlight(bed.core);
    const [first, second] = [killOf('a1'), killOf('a1')];
    const one = follow(inFlight, first, await verdictOn(bed, first));
    bed.store.seedForeign('a1', '{"status":"running"}');
    const other = follow(inFlight, second, await verdictOn(bed, second));
    expect(other).not.toBe(one);
    expect(other).toMatchObject({ operationId: second.operationId, statusBefore: 'running' });
    await other?.done;
  });

  it('starts again once the work has ended', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    bed.containers.inject('kill', 'throws');
    const inFlight = createInFlight(bed.core);
    const [first, second] = [killOf('a1'), killOf('a1')];
    await follow(inFlight, first, await verdictOn(bed, first))?.done;
    await follow(inFlight, second, await verdictOn(bed, second))?.done;
    expect(kills(bed)).toBe(2);
    expect(await bed.record('a1')).toMatchObject({ kill: { pending: [], attempts: 2 } });
  });

  it('refuses one agent loudly, and leaves out of many what has ended or gone meanwhile', () => {
    const inFlight = createInFlight(fakeCore().core);
    const refused = (code: 'invalid_state' | 'agent_not_found' | 'conflict') =>
      ({ kind: 'refused', agentId: 'a1', error: new KillswitchError(code) }) as const;
    expect(() => follow(inFlight, killOf('a1'), refused('invalid_state'))).toThrow(KillswitchError);
    expect(follow(inFlight, killAllOf(), refused('invalid_state'))).toBeUndefined();
    expect(follow(inFlight, killAllOf(), refused('agent_not_found'))).toBeUndefined();
    const conflict = follow(inFlight, killAllOf(), refused('conflict'));
    expect(conflict && agentReceipt(conflict)).toMatchObject({
      error: { code: 'conflict' },
      verified: false,
    });
  });

  it('stops by its label what has an unreadable record, and says that it is not marked', async () => {
    const bed = fakeCore();
    const agent = bed.containers.spawn('a1');
    bed.store.seedForeign('a1', '?');
    const inFlight = createInFlight(bed.core);
    const one = follow(inFlight, killOf('a1'), await verdictOn(bed, killOf('a1')));
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
    const inFlight = createInFlight(bed.core);
    const one = follow(inFlight, killOf('a1'), await verdictOn(bed, killOf('a1')));
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
    const inFlight = createInFlight(bed.core);
    const verdict = await verdictOn(bed, killOf('a1'));
    bed.store.faults.fail('commit');
    const one = follow(inFlight, killOf('a1'), verdict);
    await one?.done;
    expect(bed.log.lines.at(-1)).toMatchObject({ level: 'error', message: 'the store was not told' });
    expect(await bed.record('a1')).toMatchObject({ kill: { pending: ['container', 'worktree'] } });
  });

  it('is idle when none is left', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    bed.containers.inject('kill', 'late');
    const inFlight = createInFlight(bed.core);
    const one = follow(inFlight, killOf('a1'), await verdictOn(bed, killOf('a1')));
    let isIdle = false;
    const idle = inFlight.idle().then(() => {
      isIdle = true;
    });
    await new Promise(setImmediate);
    expect(isIdle).toBe(false);
    bed.containers.release();
    await idle;
    expect(one && agentReceipt(one).pending).toEqual([]);
    await inFlight.idle();
  });

  it('counts what could not be marked for another reason, and names that', async () => {
    const inFlight = createInFlight(fakeCore().core);
    const error = new KillswitchError('internal');
    const one = follow(inFlight, killAllOf(), { kind: 'refused', agentId: 'a1', error });
    expect(one).toMatchObject({ agent: { agentId: 'a1' }, error });
    const outside = new KillswitchError('forbidden');
    expect(follow(inFlight, killAllOf(), { kind: 'refused', agentId: 'a1', error: outside })).toBeUndefined();
  });
});
