import { describe, expect, it } from 'vitest';
import { expectProblem, openApp } from './bench.js';

const text = '{ "agentId":"a1", "status":"running", "budget":12345678901234567890, "tools":[], "z":1.0 }';

describe('GET /agents', () => {
  it('passes records on as they stand', async () => {
    const { send, store } = openApp();
    store.seedForeign('a1', text);
    store.seedForeign('odd', '?');
    const list = await send('GET /agents');
    expect(list.status).toBe(200);
    expect(list.headers.get('content-type')).toBe('application/json');
    expect(list.text).toBe(
      `{"agents":[${text},{"agentId":"odd","status":"unreadable","detail":"the record is not JSON"}]}`,
    );
    expect((await send('GET /agents/a1')).text).toBe(text);
  });

  it('gives page after page', async () => {
    const { send, agent } = openApp();
    for (const agentId of ['a3', 'a1', 'a2']) await agent(agentId);
    const first = await send('GET /agents?limit=2');
    expect(first.json).toMatchObject({ agents: [{ agentId: 'a1' }, { agentId: 'a2' }], cursor: 'a2' });
    const last = await send(`GET /agents?limit=2&cursor=${first.json.cursor}`);
    expect(last.json).toMatchObject({ agents: [{ agentId: 'a3' }] });
    expect(last.json).not.toHaveProperty('cursor');
    expect((await openApp().send('GET /agents')).text).toBe('{"agents":[]}');
  });

  it.each([
    ['status=completed', ['a2']],
    ['status=unreadable', ['odd']],
    ['taskId=t2', ['a2']],
    ['host=h2', ['a2']],
    ['label=team=core', ['a1', 'a2']],
    ['label=team=core&label=tier=a=b', ['a2']],
    ['label=__proto__=x', []],
    ['label=toString=', []],
    ['label=team=core&status=running', ['a1']],
  ])('filters by %s', async (query, ids) => {
    const { send, agent, store } = openApp();
    await agent('a1', { members: { labels: { team: 'core' } } });
    const labels = { team: 'core', tier: 'a=b' };
    await agent('a2', { status: 'completed', members: { taskId: 't2', host: 'h2', labels } });
    store.seedForeign('odd', '?');
    const { json } = await send(`GET /agents?${query}`);
    expect(json.agents.map(({ agentId }: { agentId: string }) => agentId)).toEqual(ids);
  });

  it.each([
    ['state=running', 'state: unknown member'],
    ['status=asleep', 'status: '],
    ['status=running&status=failed', 'status: '],
    ['limit=0', 'limit: '],
    ['limit=1001', 'limit: '],
    ['limit=1.5', 'limit: '],
    ['limit=many', 'limit: '],
    ['label=team', 'label: '],
    ['taskId=', 'taskId: '],
    [`cursor=${'x'.repeat(129)}`, 'cursor: '],
  ])('refuses %s by name', async (query, detail) => {
    const answer = await openApp().send(`GET /agents?${query}`);
    expectProblem(answer, 400, 'invalid_request', expect.stringContaining(detail));
  });

  it('shows a narrowed credential what lies inside', async () => {
    const { send, agent } = openApp();
    await agent('a1');
    await agent('a2', { members: { taskId: 't2' } });
    expect((await send('GET /agents', { token: 'narrowed' })).json.agents).toMatchObject([{ agentId: 'a1' }]);
    expectProblem(await send('GET /agents/a2', { token: 'narrowed' }), 403, 'forbidden');
  });
});

describe('GET /agents/:agentId', () => {
  it('answers 404 for an unknown one', async () => {
    expectProblem(await openApp().send('GET /agents/a1'), 404, 'agent_not_found', 'Unknown agent a1');
  });

  it('shows the kill', async () => {
    const { send, agent } = openApp();
    await agent('a1');
    const { json } = await send('POST /agents/a1/kill', { body: { reason: 'r' } });
    expect((await send('GET /agents/a1')).json).toMatchObject({
      status: 'killed',
      kill: { operationId: json.operationId, reason: 'r', pending: [], attempts: 1 },
    });
  });
});

describe('PUT /agents/:agentId', () => {
  const body = { status: 'spawning', taskId: 't1', labels: { team: 'core' } };

  it('registers, and says so once', async () => {
    const { send } = openApp();
    const first = await send('PUT /agents/a1', { body });
    expect(first.status).toBe(201);
    expect(first.json).toEqual({ agentId: 'a1', ...body, startedAt: '2026-11-22T10:00:00.000Z' });
    const again = await send('PUT /agents/a1', { body });
    expect([again.status, again.text]).toEqual([200, first.text]);
  });

  it('answers 409 where another record stands, and for an ID that was killed', async () => {
    const { send } = openApp();
    await send('PUT /agents/a1', { body });
    expectProblem(await send('PUT /agents/a1', { body: { status: 'running' } }), 409, 'agent_exists');
    await send('POST /agents/a1/kill');
    expectProblem(await send('PUT /agents/a1', { body }), 409, 'tombstoned');
  });

  it('takes everything that a record may hold', async () => {
    const { send } = openApp();
    const full = {
      status: 'running',
      taskId: 't1',
      startedAt: '2026-11-22T10:00:00+01:00',
      host: 'h1',
      containerId: 'f'.repeat(64),
      process: { pid: 4242, startTime: '123456' },
      repository: '/srv/repos/app',
      worktreePath: '/srv/worktrees/a1',
      labels: {},
      expiresAt: '2026-11-23T10:00:00Z',
    };
    const sandboxes = [
      { kind: 'docker', id: full.containerId },
      { kind: 'process', id: '4242:123456' },
    ];
    const record = { agentId: 'a1', ...full, sandboxes };
    expect((await send('PUT /agents/a1', { body: full })).json).toEqual(record);
    expect(await send('PUT /agents/a1', { body: { ...full, sandboxes } })).toMatchObject({
      status: 200,
      json: record,
    });
  });

  it('takes sandboxes of any kind, and gives the short forms of the first ones', async () => {
    const { send } = openApp();
    const sandboxes = [
      { kind: 'unit', id: 'agent-a1.service' },
      { kind: 'podman', id: 'b'.repeat(64) },
      { kind: 'docker', id: 'a'.repeat(64) },
    ];
    const { status, json } = await send('PUT /agents/a1', { body: { status: 'running', sandboxes } });
    expect([status, json]).toMatchObject([201, { sandboxes, containerId: 'b'.repeat(64) }]);
    expect(json).not.toHaveProperty('process');
  });

  it.each([
    [{ sandboxes: [{ kind: 'spaceship', id: 'a' }] }, 'sandboxes'],
    [
      { sandboxes: [{ kind: 'docker', id: 'short' }] },
      'must be the full container ID, 64 hexadecimal digits',
    ],
    [{ sandboxes: [{ kind: 'process', id: '42' }] }, 'must be PID:START'],
    [{ sandboxes: [{ kind: 'docker', id: 'a'.repeat(64), note: 1 }] }, 'sandboxes'],
    [{ sandboxes: [], containerId: 'a'.repeat(64) }, 'containerId: is not among `sandboxes`'],
    [{ sandboxes: [], process: { pid: 42, startTime: '7' } }, 'process: is not among `sandboxes`'],
  ])('refuses sandboxes that cannot be, or that contradict the short forms: %j', async (members, detail) => {
    const { send } = openApp();
    const sent = await send('PUT /agents/a1', { body: { status: 'running', ...members } });
    expect(sent.status).toBe(400);
    expect(sent.json.detail).toContain(detail);
    expect((await send('PATCH /agents/a1', { body: members })).status).toBe(400);
  });
});

describe('PATCH /agents/:agentId', () => {
  it('moves an agent along', async () => {
    const { send, store } = openApp();
    store.seedForeign('a1', text);
    const { status, text: moved } = await send('PATCH /agents/a1', { body: { status: 'completed' } });
    expect(status).toBe(200);
    expect(moved).toBe(text.replace('"running"', '"completed"'));
    expectProblem(await send('PATCH /agents/a1', { body: { status: 'running' } }), 400, 'invalid_state');
  });

  it('answers 409 for what cannot be read or was killed, 404 for what is not there', async () => {
    const { send, store, agent } = openApp();
    store.seedForeign('odd', '[]');
    await agent('a1');
    await send('POST /agents/a1/kill');
    const body = { status: 'running' };
    expectProblem(await send('PATCH /agents/odd', { body }), 409, 'unreadable_record');
    expectProblem(await send('PATCH /agents/a1', { body }), 409, 'tombstoned');
    expectProblem(await send('PATCH /agents/nobody', { body }), 404, 'agent_not_found');
  });
});
