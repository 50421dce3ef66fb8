import { describe, expect, it } from 'vitest';
import { KillswitchError } from '../../../lib/domain/errors.js';
import { readRecord } from '../../../lib/domain/record.js';
import { isLocal } from '../../../lib/ports/core.js';
import type { Records, StepResult } from '../../../lib/ports/records.js';
import { createInFlight } from '../../../lib/stop/in-flight.js';
import { orderOf } from '../../../lib/stop/kill-agent.js';
import { markKilled, type Verdict } from '../../../lib/stop/mark-killed.js';
import { previewKills } from '../../../lib/stop/preview.js';
import { startKill } from '../../../lib/stop/stop.js';
import { MAX_ATTEMPTS } from '../../../lib/store/compare-and-set.js';
import { narrowedTo } from '../../fakes/authenticator.js';
import { fakeCore, killAllOf, killOf } from '../../fakes/core.js';

type Bed = ReturnType<typeof fakeCore>;

const readings = async (bed: Bed, ...agentIds: readonly string[]) =>
  (await bed.core.records.agents(agentIds)).map(readRecord);

/** A core in which `meddle` happens each time just before a commit. */
const meddled = ({ core }: Bed, meddle: (round: number) => unknown) => {
  let round = 0;
  const records: Records = {
    ...core.records,
    commit: async steps => {
      await meddle(++round);
      return core.records.commit(steps);
    },
  };
  return { ...core, records };
};

describe('marking agents killed', () => {
  it('changes status and kill in the text, and nothing else', async () => {
    const bed = fakeCore();
    bed.store.seedForeign(
      'a1',
      '{ "status" : "running", "budget":12345678901234567890, "tools":[], "z": {"a" :1.0} }',
    );
    const command = killOf('a1', { reason: 'r', requestId: 'req' });
    const verdicts = await markKilled(bed.core, command, { candidates: await readings(bed, 'a1') });
    expect(verdicts).toMatchObject([
      { kind: 'killed', statusBefore: 'running', agent: { status: 'killed' } },
    ]);
    const kill = JSON.stringify({
      operationId: command.operationId,
      requestedAt: '2026-11-22T10:00:00.000Z',
      requestedBy: 'alice',
      reason: 'r',
      pending: ['container', 'process'],
      attempts: 0,
    });
    expect((await bed.stored('a1'))?.raw).toBe(
      `{ "status" : "killed", "budget":12345678901234567890, "tools":[], "z": {"a" :1.0} ,"kill":${kill}}`,
    );
  });

  it('lays a tombstone, a debt and the audit, and leaves the index, in the same step', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    const command = killOf('a1', { requestId: 'req' });
    await markKilled(bed.core, command, { candidates: await readings(bed, 'a1') });
    const { tombstones, active, debts, audit } = bed.store.memory;
    expect(JSON.parse(tombstones.get('a1') ?? '')).toEqual({
      operationId: command.operationId,
      at: '2026-11-22T10:00:00.000Z',
      mac: expect.any(String),
    });
    expect([...active]).toEqual([]);
    expect([...(debts.get('h1') ?? [])]).toEqual([['a1', bed.clock.now() + bed.core.limits.respondMs]]);
    expect(audit).toMatchObject([{ phase: 'accepted', requestId: 'req', statusBefore: 'running' }]);
  });

  it.each([
    [{}, true, ['container', 'process']],
    [{ containerId: 'c' }, true, ['container']],
    [{ process: { pid: 7 } }, true, ['process']],
    [{ containerId: 'c', process: { pid: 7 } }, true, ['container', 'process']],
    [{ containerId: 'c', worktreePath: '/w' }, true, ['container', 'worktree']],
    [{ containerId: 'c', worktreePath: '/w' }, false, ['worktree']],
    [{}, false, []],
    [{ host: 'h2' }, false, ['container', 'process']],
  ])('of a record with %j (sandbox: %s) owes %j', async (members, sandbox, pending) => {
    const bed = fakeCore(sandbox ? {} : { sandboxes: [] });
    bed.store.seedForeign('a1', JSON.stringify({ status: 'running', ...members }));
    await markKilled(bed.core, killOf('a1'), { candidates: await readings(bed, 'a1') });
    expect(await bed.record('a1')).toMatchObject({ kill: { pending } });
  });

  it('settles in the same step what has nothing to stop and nothing to clear', async () => {
    const bed = fakeCore({ sandboxes: [] });
    bed.store.seedForeign('a1', '{"status":"running","taskId":"t1"}');
    const command = killOf('a1', { reason: 'r', requestId: 'req' });
    const [verdict] = await markKilled(bed.core, command, { candidates: await readings(bed, 'a1') });
    const at = '2026-11-22T10:00:00.000Z';
    const { operationId } = command;
    expect(await bed.record('a1')).toEqual({
      status: 'killed',
      taskId: 't1',
      kill: {
        operationId,
        requestedAt: at,
        requestedBy: 'alice',
        reason: 'r',
        pending: [],
        attempts: 1,
        confirmedAt: at,
      },
    });
    const told = {
      timestamp: at,
      operation: 'KILL_AGENT',
      operationId,
      actor: 'alice',
      agentId: 'a1',
      taskId: 't1',
    };
    const outcomes = [{ layer: 'container', outcome: 'skipped', detail: 'sandbox disabled' }];
    expect(bed.store.memory.audit).toEqual([
      { ...told, phase: 'accepted', requestId: 'req', reason: 'r', statusBefore: 'running' },
      { ...told, phase: 'settled', outcomes },
    ]);
    expect(await bed.core.records.debts('h1', Number.POSITIVE_INFINITY, 10)).toEqual([]);
    expect(bed.log.lines).toEqual([
      {
        level: 'warn',
        entry: {
          ...told,
          phase: 'settled',
          requestId: 'req',
          reason: 'r',
          statusBefore: 'running',
          outcomes,
        },
        message: 'agent settled',
      },
    ]);
    const job = { command, order: orderOf(bed.core, command), inFlight: createInFlight(bed.core) };
    expect(startKill(job, verdict as Verdict)).toMatchObject({ statusBefore: 'running', outcomes });
    expect(bed.store.memory.audit).toHaveLength(2);
  });

  it('owes to another host also where nothing can be stopped here', async () => {
    const bed = fakeCore({ sandboxes: [] });
    await bed.agent('a1', { members: { host: 'h2' } });
    await markKilled(bed.core, killOf('a1'), { candidates: await readings(bed, 'a1') });
    expect(bed.store.memory.audit).toMatchObject([{ phase: 'accepted' }]);
    expect(await bed.core.records.debts('h2', bed.clock.now(), 10)).toEqual(['a1']);
  });

  it.each([
    [{}, ['process']],
    [{ process: { pid: 7 } }, ['process']],
    [{ containerId: 'c', worktreePath: '/w' }, ['worktree']],
  ])('owes of %j only what the one sandbox that is switched on can tell', async (members, pending) => {
    const { processes } = fakeCore();
    const bed = fakeCore({ sandboxes: [processes] });
    bed.store.seedForeign('a1', JSON.stringify({ status: 'running', ...members }));
    await markKilled(bed.core, killOf('a1'), { candidates: await readings(bed, 'a1') });
    expect(await bed.record('a1')).toMatchObject({ kill: { pending } });
  });

  it('pays with the mark what an earlier life of the ID owed', async () => {
    const bed = fakeCore({ sandboxes: [] });
    bed.store.seedForeign('a1', '{"status":"running"}');
    bed.store.memory.debts.set('h1', new Map([['a1', 0]]));
    await markKilled(bed.core, killOf('a1'), { candidates: await readings(bed, 'a1') });
    expect(await bed.core.records.debts('h1', Number.POSITIVE_INFINITY, 10)).toEqual([]);
    expect(bed.store.memory.audit.map(({ agentId }) => agentId)).toEqual(['a1', 'a1']);
  });

  it('leaves the debt of another host to it, due at once', async () => {
    const bed = fakeCore();
    await bed.agent('a1', { members: { host: 'h2' } });
    await markKilled(bed.core, killOf('a1'), { candidates: await readings(bed, 'a1') });
    expect(await bed.core.records.debts('h2', bed.clock.now(), 10)).toEqual(['a1']);
    expect([
      isLocal(bed.core, {}),
      isLocal(bed.core, { host: 'h1' }),
      isLocal(bed.core, { host: 'h2' }),
    ]).toEqual([true, true, false]);
  });

  it('reads again when another process wrote in between, and keeps what it wrote', async () => {
    const bed = fakeCore();
    await bed.agent('a1', { status: 'spawning' });
    const foreign = '{"status":"running","note":"written in between"}';
    const core = meddled(bed, round => round === 1 && bed.store.seedForeign('a1', foreign));
    const verdicts = await markKilled(core, killOf('a1'), { candidates: await readings(bed, 'a1') });
    expect(verdicts).toMatchObject([{ kind: 'killed', statusBefore: 'running' }]);
    expect(await bed.record('a1')).toMatchObject({ status: 'killed', note: 'written in between' });
    expect(bed.store.memory.audit).toHaveLength(1);
  });

  it.each([
    ['{"status":"completed"}', { kind: 'refused', error: { code: 'invalid_state' } }],
    ['not JSON', { kind: 'unreadable', agentId: 'a1', why: 'the record is not JSON' }],
    [undefined, { kind: 'refused', error: { code: 'agent_not_found' } }],
  ])('looks again at what stands there by then: %s', async (foreign, verdict) => {
    const bed = fakeCore();
    await bed.agent('a1');
    const core = meddled(bed, round => {
      if (round > 1) return;
      if (foreign === undefined) bed.store.memory.documents.delete('agent:a1');
      else bed.store.seedForeign('a1', foreign);
    });
    expect(await markKilled(core, killOf('a1'), { candidates: await readings(bed, 'a1') })).toMatchObject([
      verdict,
    ]);
  });

  it('gives up after 64 rounds of bad luck, for that agent alone', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    await bed.agent('a2');
    let rounds = 0;
    const core = meddled(bed, round => {
      rounds = round;
      bed.store.seedForeign('a1', JSON.stringify({ status: 'running', round }));
    });
    const verdicts = await markKilled(core, killAllOf(), { candidates: await readings(bed, 'a1', 'a2') });
    expect(verdicts).toMatchObject([
      { kind: 'killed', agent: { agentId: 'a2' } },
      { kind: 'refused', agentId: 'a1', error: { code: 'conflict' } },
    ]);
    expect(rounds).toBe(MAX_ATTEMPTS);
  });

  it('wins in the last round', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    const core = meddled(
      bed,
      round =>
        round < MAX_ATTEMPTS && bed.store.seedForeign('a1', JSON.stringify({ status: 'running', round })),
    );
    expect(await markKilled(core, killOf('a1'), { candidates: await readings(bed, 'a1') })).toMatchObject([
      { kind: 'killed' },
    ]);
  });

  it('knows its own kill again when the store did it twice, with nothing owed', async () => {
    const bed = fakeCore({ sandboxes: [] });
    await bed.agent('a1', { worktree: false });
    bed.store.faults.duplicate('commit');
    const command = killOf('a1');
    expect(await markKilled(bed.core, command, { candidates: await readings(bed, 'a1') })).toMatchObject([
      { kind: 'owing', agent: { kill: { operationId: command.operationId, pending: [] } } },
    ]);
  });

  it('still reports those that are marked when the store goes away between two rounds', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    await bed.agent('a2');
    const seen = await readings(bed, 'a1', 'a2');
    bed.store.seedForeign('a1', '{"status":"running"}');
    bed.store.faults.fail('agents');
    expect(await markKilled(bed.core, killAllOf(), { candidates: seen })).toMatchObject([
      { kind: 'killed', agent: { agentId: 'a2' } },
      { kind: 'refused', agentId: 'a1', error: { code: 'store_unavailable' } },
    ]);
  });

  it('shows nothing of what went wrong inside, and logs it', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    const cause = new Error('WRONGTYPE orchestrator:agent:a1');
    bed.store.faults.fail('commit', { error: cause });
    expect(await markKilled(bed.core, killAllOf(), { candidates: await readings(bed, 'a1') })).toMatchObject([
      { kind: 'refused', error: { code: 'internal', message: 'Something failed inside', cause } },
    ]);
    expect(bed.log.lines).toMatchObject([{ level: 'error', entry: { err: cause } }]);
  });

  it('asks the store nothing when there is nothing to mark', async () => {
    const bed = fakeCore();
    bed.store.seedForeign('odd', '?');
    await bed.agent('done', { status: 'completed' });
    bed.store.faults.fail('commit');
    const verdicts = await markKilled(bed.core, killAllOf(), {
      candidates: await readings(bed, 'odd', 'done'),
    });
    expect(verdicts.map(({ kind }) => kind)).toEqual(['unreadable', 'refused']);
    expect(await markKilled(bed.core, killAllOf(), { candidates: [] })).toEqual([]);
  });

  it('refuses when the record names another container than the caller saw', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    const before = await bed.stored('a1');
    const command = killOf('a1', { expectedContainerId: '0'.repeat(64) });
    expect(await markKilled(bed.core, command, { candidates: await readings(bed, 'a1') })).toMatchObject([
      { kind: 'refused', error: expect.any(KillswitchError) },
    ]);
    expect(await bed.stored('a1')).toEqual(before);
  });

  it('takes any answer but committed for a conflict', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    bed.store.faults.lie('commit', () => ['tombstoned'] satisfies StepResult[], { times: 1 });
    expect(await markKilled(bed.core, killOf('a1'), { candidates: await readings(bed, 'a1') })).toMatchObject(
      [{ kind: 'killed' }],
    );
  });
});

describe('a preview', () => {
  it('says of each what a kill would do', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    await bed.agent('done', { status: 'failed' });
    await bed.agent('owing', { status: 'killed', members: { kill: { pending: ['worktree'] } } });
    bed.store.seedForeign('odd', '?');
    const before = structuredClone(bed.store.memory.documents);
    const command = killAllOf({ dryRun: true });
    expect(
      previewKills(command, { candidates: await readings(bed, 'a1', 'done', 'owing', 'odd') }),
    ).toMatchObject([
      { kind: 'preview', agent: { agentId: 'a1' } },
      { kind: 'refused', error: { code: 'invalid_state' } },
      { kind: 'preview', agent: { agentId: 'owing' } },
      { kind: 'preview', agent: { agentId: 'odd' } },
    ]);
    expect(bed.store.memory.documents).toEqual(before);
  });

  it('leaves alone what came to lie outside of the credential since it was selected', async () => {
    const bed = fakeCore();
    const agent = await bed.agent('a1', { members: { taskId: 't2' } });
    const command = killAllOf({ actor: narrowedTo({ taskId: 't1' }) });
    const [stored] = await bed.core.records.agents(['a1']);
    if (!stored) throw new Error('it has a record');
    const verdicts = await markKilled(bed.core, command, { candidates: [readRecord(stored)] });
    expect(verdicts).toMatchObject([{ kind: 'refused', error: { code: 'forbidden' } }]);
    expect(await agent.isAlive()).toBe(true);
  });
});
