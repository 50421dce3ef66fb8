import { describe, expect, it } from 'vitest';
import { fakeCore } from '../fakes/core.js';
import { expectProblem, openApp } from './bench.js';

const KILL_ALL = 'POST /agents/kill-all';

describe('POST /agents/kill-all', () => {
  it('kills all', async () => {
    const { send, agent } = openApp();
    const agents = [await agent('a1'), await agent('a2', { status: 'spawning' })];
    await agent('done', { status: 'completed', container: false });
    const { status, json } = await send(KILL_ALL, { body: { reason: 'drill' } });
    expect(status).toBe(200);
    expect(json).toEqual({
      operationId: expect.stringMatching(/^id-\d+$/),
      message: '2 of 2 agents killed',
      total: 2,
      killed: 2,
      failed: 0,
      pending: 0,
      refused: 0,
      verified: true,
      agents: [
        expect.objectContaining({ agentId: 'a1', statusBefore: 'running', verified: true }),
        expect.objectContaining({ agentId: 'a2', statusBefore: 'spawning', verified: true }),
      ],
    });
    for (const { isAlive } of agents) expect(await isAlive()).toBe(false);
  });

  it('leaves in the audit who asked, why, and under which request', async () => {
    const { send, agent, store } = openApp();
    await agent('a1');
    const headers = { 'x-request-id': 'req-1' };
    const { json } = await send(KILL_ALL, { body: { reason: 'drill' }, headers });
    const told = { operationId: json.operationId, requestId: 'req-1', actor: 'alice', reason: 'drill' };
    const bulk = store.memory.audit.filter(({ operation }) => operation === 'KILL_ALL_AGENTS');
    expect(bulk).toMatchObject([
      { ...told, phase: 'accepted', selector: {} },
      { ...told, phase: 'settled', total: 1, killed: 1, failed: 0 },
    ]);
  });

  it('answers a partial result with 202, and each failure in words', async () => {
    const { send, agent, containers } = openApp();
    await agent('a1');
    await agent('a2');
    containers.inject('kill', 'throws', { agentId: 'a1' });
    const { status, json } = await send(KILL_ALL);
    expect(status).toBe(202);
    expect(json).toMatchObject({ total: 2, killed: 1, failed: 1, pending: 1, verified: false });
    expect(json.message).toBe('1 of 2 agents killed, 1 not confirmed dead, 1 not cleaned up yet');
    expect(json.errors).toContain('a1: container failed: unexpected error');
  });

  it('answers a zero result with 200', async () => {
    const { status, json } = await openApp().send(KILL_ALL);
    expect(status).toBe(200);
    expect(json).toMatchObject({ message: 'No active agents to kill', total: 0, killed: 0, failed: 0 });
    expect(json).not.toHaveProperty('errors');
  });

  it('answers a selector that matches nothing with zero', async () => {
    const { send, agent, expectUntouched } = openApp();
    await agent('a1');
    const body = { selector: { agentIds: ['a2'], labels: { team: 'core' } } };
    const { status, json } = await send(KILL_ALL, { body });
    expect([status, json.total]).toEqual([200, 0]);
    expect((await send(KILL_ALL, { body: { selector: { agentIds: [] } } })).json.total).toBe(0);
    expect(await send('GET /agents/a1')).toMatchObject({ json: { status: 'running' } });
    expect(openApp().expectUntouched).not.toThrow();
    expect(expectUntouched).toThrow();
  });

  it('keeps to its selector', async () => {
    const { send, agent } = openApp();
    await agent('a1', { members: { labels: { team: 'core' }, host: 'h1' } });
    const other = await agent('a2', { members: { labels: { team: 'web' } } });
    const selector = { taskId: 't1', host: 'h1', status: ['running'], labels: { team: 'core' } };
    expect((await send(KILL_ALL, { body: { selector } })).json).toMatchObject({ total: 1, killed: 1 });
    expect(await other.isAlive()).toBe(true);
  });

  it('answers 202 when not every agent was reached', async () => {
    const bed = fakeCore({ limits: { respondMs: 20 } });
    const { send, store } = openApp({ bed });
    store.faults.hang('scan');
    const { status, json } = await send(KILL_ALL);
    expect(status).toBe(202);
    expect(json).toMatchObject({ total: 0, incomplete: true, verified: false });
  });

  it('says of a dry run what it would do, and does nothing', async () => {
    const { send, agent, expectUntouched } = openApp();
    await agent('a1');
    const { status, json } = await send(KILL_ALL, { body: { dryRun: true } });
    expect(status).toBe(200);
    expect(json).toMatchObject({
      message: 'Dry run: 1 agent would be marked killed and stopped; what runs of them was not looked at',
      dryRun: true,
      total: 1,
      killed: 0,
    });
    expectUntouched();
  });

  it('answers 500 without internal words when the core itself throws', async () => {
    const stop = {
      ...openApp().deps.stop,
      stop: () => {
        throw new TypeError('core.records is undefined');
      },
    };
    const answer = await openApp({ stop }).send(KILL_ALL);
    expectProblem(answer, 500, 'internal');
    expect(answer.text).not.toContain('undefined');
  });

  it('answers 403 to a selector outside of a narrowed credential', async () => {
    const { send, agent, expectUntouched } = openApp();
    await agent('a1');
    const body = { selector: { taskId: 't2' } };
    expectProblem(await send(KILL_ALL, { body, token: 'narrowed' }), 403, 'forbidden');
    expectUntouched();
  });
});
