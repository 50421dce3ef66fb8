import { describe, expect, it } from 'vitest';
import { KillswitchError } from '../../lib/domain/errors.js';
import { fakeCore } from '../fakes/core.js';
import { expectProblem, openApp } from './bench.js';

const KILL = 'POST /agents/a1/kill';

describe('POST /agents/:agentId/kill', () => {
  it('kills a single agent', async () => {
    const { send, agent, record } = openApp();
    const { isAlive } = await agent('a1');
    const { status, json, headers } = await send(KILL);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    expect(json).toMatchObject({
      message: 'Agent a1 killed successfully',
      agentId: 'a1',
      operationId: expect.stringMatching(/^id-\d+$/),
      statusBefore: 'running',
      verified: true,
      pending: [],
    });
    expect(json.outcomes).toHaveLength(3);
    expect(json).not.toHaveProperty('errors');
    expect(await isAlive()).toBe(false);
    expect(await record('a1')).toMatchObject({ status: 'killed', kill: { operationId: json.operationId } });
  });

  it('answers 404 when the agent is not found', async () => {
    const { send, expectUntouched } = openApp();
    expectProblem(await send(KILL), 404, 'agent_not_found', 'Unknown agent a1');
    expectUntouched();
  });

  it.each(['completed', 'failed', 'killed'] as const)(
    'answers 400 when the transition is refused, from %s',
    async status => {
      const { send, agent, expectUntouched } = openApp();
      await agent('a1', { status, container: false });
      expectProblem(await send(KILL), 400, 'invalid_state', `Agent a1 is ${status}`);
      expectUntouched();
    },
  );

  it('answers 202 while something is unconfirmed, and says what', async () => {
    const { send, agent, containers } = openApp();
    await agent('a1');
    containers.inject('kill', 'throws');
    const { status, json } = await send(KILL);
    expect(status).toBe(202);
    expect(json).toMatchObject({
      message: 'Agent a1 is not confirmed dead: container failed, worktree pending',
      verified: false,
      pending: ['container', 'worktree'],
      errors: [
        'a1: container failed: unexpected error',
        'a1: worktree pending: left in place until the agent is seen dead',
      ],
    });
  });

  it('pays what is owed when it is asked again, under the first operation', async () => {
    const { send, agent, containers } = openApp();
    await agent('a1');
    containers.inject('remove', 'throws');
    const first = await send(KILL);
    expect(first.status).toBe(202);
    const again = await send(KILL);
    expect(again.status).toBe(200);
    expect(again.json.operationId).toBe(first.json.operationId);
    expectProblem(await send(KILL), 400, 'invalid_state', 'Agent a1 is killed');
  });

  it('answers 202 with what was refused', async () => {
    const { send, agent, containers } = openApp();
    const { id: containerId } = containers.spawn('another').target;
    await agent('a1', { container: false, members: { containerId } });
    const { status, json } = await send(KILL);
    expect(status).toBe(202);
    expect(json).toMatchObject({ verified: false, pending: ['container', 'worktree'] });
    expect(json.message).toContain('container refused');
    expect(json.errors[0]).toContain('a1: container refused: ');
  });

  it('answers 202 with a worktree that was refused', async () => {
    const { send, agent } = openApp();
    await agent('a1', { worktree: false, members: { worktreePath: '/etc' } });
    const { status, json } = await send(KILL);
    expect(status).toBe(202);
    expect(json).toMatchObject({
      message: 'Agent a1 is dead; not cleaned up yet: worktree refused',
      verified: true,
      pending: ['worktree'],
    });
  });

  it('answers 202 when the store keeps it waiting to the deadline', async () => {
    const bed = fakeCore({ limits: { respondMs: 20 } });
    const { send, store } = openApp({ bed });
    store.faults.hang('agents');
    const { status, json } = await send(KILL);
    expect(status).toBe(202);
    expect(json).toMatchObject({ operationId: 'id-2', verified: false, incomplete: true });
  });

  it('takes a reason and a grace', async () => {
    const { send, agent, record, containers } = openApp();
    await agent('a1');
    const body = { reason: 'runs away', graceSeconds: 2.5 };
    expect((await send(KILL, { body, headers: { 'x-request-id': 'req-1' } })).status).toBe(200);
    expect(await record('a1')).toMatchObject({ kill: { reason: 'runs away', requestedBy: 'alice' } });
    expect(containers.calls[0]).toMatchObject({ graceMs: 2_500 });
  });

  it('kills only in the container that the caller saw', async () => {
    const { send, agent, record } = openApp();
    const { isAlive } = await agent('a1');
    const { containerId } = await record('a1');
    const other = { expectedContainerId: '0'.repeat(64) };
    expectProblem(await send(KILL, { body: other }), 409, 'container_changed');
    expect(await isAlive()).toBe(true);
    expect((await send(KILL, { body: { expectedContainerId: containerId } })).status).toBe(200);
  });

  it('says of a dry run what it would do, and does nothing', async () => {
    const { send, agent, expectUntouched } = openApp();
    const { isAlive } = await agent('a1');
    const { status, json } = await send(KILL, { body: { dryRun: true } });
    expect(status).toBe(200);
    expect(json).toMatchObject({
      message: 'Dry run: 1 agent would be marked killed and stopped; what runs of them was not looked at',
      dryRun: true,
      verified: false,
    });
    expect(await isAlive()).toBe(true);
    expectUntouched();
  });

  it.each([
    ['throws', new Error('connect ECONNREFUSED /run/secret.sock')],
    ['fails inside', new KillswitchError('internal', 'the path /home/agent/x')],
  ])('answers 500 without internal words when the core itself %s', async (_, error) => {
    const bed = fakeCore();
    const stop = { ...openApp().deps.stop, stop: () => Promise.reject(error) };
    const answer = await openApp({ bed, stop }).send(KILL);
    expectProblem(answer, 500, 'internal');
    expect(answer.text).not.toMatch(/ECONNREFUSED|secret|root|stack/);
    expect(bed.log.lines).toMatchObject([{ level: 'error', entry: { err: error, requestId: 'id-1' } }]);
  });

  it('stops what carries the label all the same when the store does not answer, and says so', async () => {
    const { send, agent, store, journal } = openApp();
    const { isAlive } = await agent('a1');
    store.faults.fail('agents');
    const { status, json } = await send(KILL);
    expect(status).toBe(202);
    expect(json).toMatchObject({ agentId: 'a1', degraded: true });
    expect(json.message).toContain('the store does not answer');
    expect(await isAlive()).toBe(false);
    expect([...journal.memory.keys()]).toEqual([json.operationId]);
  });

  it('answers 503 to a dry run when the store does not answer', async () => {
    const { send, store } = openApp();
    store.faults.fail('agents');
    const answer = await send(KILL, { body: { dryRun: true } });
    expectProblem(answer, 503, 'store_unavailable', 'The store does not answer');
  });

  it('does not mind the client going away', async () => {
    const { app, agent, record, containers, deps } = openApp();
    await agent('a1');
    containers.inject('kill', 'late');
    const controller = new AbortController();
    const headers = { authorization: 'Bearer all' };
    const answer = app.request('/agents/a1/kill', { method: 'POST', headers, signal: controller.signal });
    await expect.poll(() => containers.calls.length).toBe(1);
    controller.abort();
    containers.release();
    await answer;
    await deps.stop.idle();
    expect(await record('a1')).toMatchObject({ kill: { pending: [] } });
  });
});
