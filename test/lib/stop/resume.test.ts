import { describe, expect, it } from 'vitest';
import { engageLatch } from '../../../lib/agents/engage-latch.js';
import { findLatch } from '../../../lib/agents/latch.js';
import { resetLatch } from '../../../lib/agents/reset-latch.js';
import type { Command } from '../../../lib/domain/command.js';
import { readRecord } from '../../../lib/domain/record.js';
import { createInFlight } from '../../../lib/stop/in-flight.js';
import { orderOf, recordedKill } from '../../../lib/stop/kill-agent.js';
import { recall } from '../../../lib/stop/resume.js';
import { beginOperation, findOperation } from '../../../lib/store/operation.js';
import { actorWith } from '../../fakes/authenticator.js';
import { fakeCore, killAllOf, killOf, startOn, stopOn } from '../../fakes/core.js';
import { mortal } from '../../fakes/mortal.js';

type Bed = ReturnType<typeof fakeCore>;

const reset = { operationId: 'op-reset', actor: actorWith(), reason: 'all clear' };
const owed = ({ store }: Bed) => [...(store.memory.debts.get('h1') ?? [])];
const phases = ({ store }: Bed) =>
  store.memory.audit.map(({ operation, phase, agentId }) => [operation, phase, agentId].join(' ')).sort();

const commands: [string, () => Command, number, string[]][] = [
  ['a kill', () => killOf('a1'), 4, ['KILL_AGENT accepted a1', 'KILL_AGENT settled a1']],
  [
    'a kill-all with the emergency stop',
    () => killAllOf({ latch: true }),
    5,
    [
      'ENGAGE_LATCH done ',
      'KILL_AGENT accepted a1',
      'KILL_AGENT accepted a2',
      'KILL_AGENT settled a1',
      'KILL_AGENT settled a2',
      'KILL_ALL_AGENTS accepted ',
      'KILL_ALL_AGENTS settled ',
    ],
  ],
];
const crashes = commands.flatMap(([name, command, commits, told]) =>
  Array.from({ length: commits }, (_, n) => n + 1).flatMap(number =>
    (['before', 'after'] as const).map(when => ({ name, command, number, when, told })),
  ),
);

/** Both agents, of which a kill is for the first one. */
async function openBench() {
  const bed = fakeCore();
  return { bed, agents: [await bed.agent('a1'), await bed.agent('a2')] };
}

describe('a process that dies', () => {
  it.each(commands)('in %s does so at one of these commits', async (_, command, commits) => {
    const { bed } = await openBench();
    const process = mortal(bed.core);
    await stopOn(process.core).stop(command());
    expect(process.commits()).toBe(commits);
  });

  it.each(crashes)('$when commit $number of $name leaves all that is to be done', async crash => {
    const { bed, agents } = await openBench();
    const command = crash.command();
    const concerned = command.type === 'kill' ? agents.slice(0, 1) : agents;
    const process = mortal(bed.core);
    process.dieAtCommit(crash.number, crash.when);
    void stopOn(process.core).stop(command);
    await process.died;

    await startOn(bed.core);
    if (crash.number === 1 && crash.when === 'before') {
      // Nobody was told that it was accepted, and nothing was begun.
      expect([await agents[0]?.isAlive(), bed.store.memory.audit, owed(bed)]).toEqual([true, [], []]);
      return;
    }
    for (const agent of concerned) {
      expect([await agent.isAlive(), await agent.hasWorktree()]).toEqual([false, false]);
      expect(await bed.record(agent.agentId)).toMatchObject({
        status: 'killed',
        kill: { operationId: command.operationId, pending: [], confirmedAt: expect.any(String) },
      });
    }
    expect(phases(bed)).toEqual(crash.told);
    expect(owed(bed)).toEqual([]);
    const total = concerned.length;
    expect((await findOperation(bed.core, command.operationId))?.operation).toMatchObject({
      state: 'ended',
      receipt: { total, killed: total, failed: 0, verified: true },
    });
    expect((await findLatch(bed.core)).latch.engaged).toBe(command.type === 'kill-all');
  });

  it.each(crashes.filter(({ number }) => number > 1))(
    '$when commit $number of $name may die again while it is carried on with',
    async crash => {
      const { bed, agents } = await openBench();
      const command = crash.command();
      for (const [turn, number] of [crash.number, 1, 2, 3].entries()) {
        const process = mortal(bed.core);
        process.dieAtCommit(number, crash.when);
        const dead = turn === 0 ? stopOn(process.core).stop(command) : startOn(process.core);
        await Promise.race([dead, process.died]);
        process.die();
      }
      await startOn(bed.core);
      expect(await agents[0]?.isAlive()).toBe(false);
      expect(phases(bed)).toEqual(crash.told);
      expect(owed(bed)).toEqual([]);
    },
  );
});

describe('a command that is carried on with', () => {
  it('does not engage again what was reset since', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1');
    const command = killAllOf({ latch: true });
    await beginOperation(bed.core, command);
    await engageLatch(bed.core, command);
    await resetLatch(bed.core, reset);
    await startOn(bed.core);
    expect(await agent.isAlive()).toBe(false);
    expect((await findLatch(bed.core)).latch.engaged).toBe(false);
  });

  it('kills again those whose records were overwritten meanwhile', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1');
    const process = mortal(bed.core);
    process.dieAtCommit(2, 'after');
    const command = killOf('a1');
    void stopOn(process.core).stop(command);
    await process.died;
    bed.store.seedForeign('a1', '{"status":"running"}');
    await stopOn(bed.core).resume(command);
    expect(await agent.isAlive()).toBe(false);
    expect(await bed.record('a1')).toMatchObject({ status: 'killed', kill: { pending: [] } });
  });

  it('stops by its label whom it had marked without a record', async () => {
    const bed = fakeCore();
    const agent = bed.containers.spawn('a1');
    const process = mortal(bed.core);
    process.dieAtCommit(2, 'after');
    const command = killOf('a1');
    void stopOn(process.core).stop(command);
    await process.died;
    await startOn(bed.core);
    expect(await agent.isRunning()).toBe(false);
    expect((await findOperation(bed.core, command.operationId))?.operation).toMatchObject({
      state: 'ended',
      receipt: { total: 1, killed: 1 },
    });
    expect(phases(bed).filter(phase => phase.startsWith('KILL'))).toEqual([
      'KILL_AGENT accepted a1',
      'KILL_AGENT settled a1',
    ]);
  });

  it('reports those that are settled as they were, also where the record is gone since', async () => {
    const bed = fakeCore();
    for (const agentId of ['a1', 'a2', 'a3']) await bed.agent(agentId);
    const command = killAllOf();
    await stopOn(bed.core).stop(command);
    bed.store.memory.documents.delete('agent:a2');
    bed.store.seedForeign('a3', '?');
    const before = bed.containers.calls.length;
    const { known, isLatched } = await recall(bed.core, {
      order: orderOf(bed.core, command),
      inFlight: createInFlight(bed.core),
    });
    expect(known.map(one => [one.agent.agentId, one.statusBefore])).toEqual([
      ['a1', 'running'],
      ['a2', 'running'],
      ['a3', 'running'],
    ]);
    for (const { outcomes } of known) expect(outcomes[0]).toMatchObject({ outcome: 'removed' });
    expect([isLatched, bed.containers.calls.length]).toEqual([false, before]);
  });

  it('reports one whose debt was paid while it looked', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    const process = mortal(bed.core);
    process.dieAtCommit(2, 'after');
    const command = killAllOf();
    void stopOn(process.core).stop(command);
    await process.died;
    const [raw] = (await bed.core.records.agents(['a1'])).map(({ raw }) => raw);
    const payer = createInFlight(bed.core);
    const agents = async (ids: readonly string[]) => {
      const found = readRecord({ agentId: 'a1', raw: `${raw}` });
      if (found.kind === 'agent') payer.run(recordedKill(orderOf(bed.core, command), found.agent));
      await payer.idle();
      return bed.core.records.agents(ids);
    };
    const core = { ...bed.core, records: { ...bed.core.records, agents } };
    const { known } = await recall(core, { order: orderOf(core, command), inFlight: createInFlight(core) });
    expect(known.map(one => one.agent.agentId)).toEqual(['a1']);
  });

  it('stays owed when the store goes away', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    const command = killAllOf();
    await beginOperation(bed.core, command);
    bed.store.faults.fail('scan');
    await expect(stopOn(bed.core).resume(command)).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(owed(bed)).toHaveLength(1);
  });
});

describe('an emergency stop that cannot be engaged', () => {
  it('does not keep the agents from being stopped, and is told', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1');
    bed.store.faults.fail('read', { error: new Error('broken'), times: 1 });
    const receipt = await stopOn(bed.core).stop(killAllOf({ latch: true }));
    expect(receipt).toMatchObject({
      killed: 1,
      errors: ['the emergency stop was not engaged: Something failed inside'],
    });
    expect(await agent.isAlive()).toBe(false);
  });
});
