import { describe, expect, it } from 'vitest';
import { actorWith, fakeAuthenticator, holding, narrowedTo } from '../fakes/authenticator.js';
import { expectProblem, openApp } from './bench.js';

interface Told {
  readonly entries: readonly {
    readonly operation: string;
    readonly phase: string;
    readonly agentId?: string;
  }[];
  readonly cursor: string;
}
const told = ({ json }: { readonly json: unknown }): Told => json as Told;

async function openBench() {
  const app = openApp({
    authenticator: fakeAuthenticator({
      all: actorWith(),
      reader: holding('agents:read'),
      narrowed: narrowedTo({ agentId: 'a1' }),
      bob: narrowedTo({ taskId: 't2' }),
      killer: narrowedTo({ host: 'h1' }),
    }),
  });
  for (const [agentId, taskId] of [
    ['a1', 't1'],
    ['a2', 't2'],
    ['a3', 't2'],
  ] as const) {
    await app.agent(agentId, { members: { taskId } });
    await app.send(`POST /agents/${agentId}/kill`);
  }
  return app;
}

describe('GET /audit', () => {
  it('tells what was done, oldest first, and goes on from its cursor', async () => {
    const { send, agent } = await openBench();
    const first = told(await send('GET /audit'));
    expect(first.entries.map(({ agentId, phase }) => `${agentId} ${phase}`)).toEqual(
      ['a1', 'a2', 'a3'].flatMap(agentId => [`${agentId} accepted`, `${agentId} settled`]),
    );
    expect(told(await send(`GET /audit?after=${first.cursor}`)).entries).toEqual([]);
    await agent('a4');
    await send('POST /agents/a4/kill');
    const later = told(await send(`GET /audit?after=${first.cursor}&limit=1`));
    expect(later.entries).toMatchObject([{ agentId: 'a4', phase: 'accepted' }]);
    const rest = told(await send(`GET /audit?after=${later.cursor}`));
    expect(rest.entries).toMatchObject([{ agentId: 'a4', phase: 'settled' }]);
  });

  it.each([
    ['agentId=a2', 2],
    ['limit=3', 3],
    ['since=2999-01-01T00:00:00Z', 0],
    ['operationId=none', 0],
    ['after=&agentId=a2', 2],
    ['after=&operationId=none', 0],
    ['after=&since=2999-01-01T00:00:00Z', 0],
  ])('is narrowed by %s', async (query, count) => {
    const { send } = await openBench();
    expect(told(await send(`GET /audit?${query}`)).entries).toHaveLength(count);
  });

  it('gives one entry a line where that is accepted', async () => {
    const { send } = await openBench();
    const { text, headers } = await send('GET /audit', { headers: { accept: 'application/x-ndjson' } });
    expect(headers.get('content-type')).toBe('application/x-ndjson');
    expect(headers.get('x-audit-cursor')).toBe(told(await send('GET /audit')).cursor);
    expect(
      text
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line).agentId),
    ).toEqual(['a1', 'a1', 'a2', 'a2', 'a3', 'a3']);
  });

  it('shows a narrowed credential what lies inside alone', async () => {
    const { send } = await openBench();
    const seen = async (line: string, token: 'narrowed' | 'bob') =>
      told(await send(line, { token })).entries.map(({ agentId }) => agentId);
    expect(await seen('GET /audit', 'narrowed')).toEqual(['a1', 'a1']);
    expect(await seen('GET /audit', 'bob')).toEqual(['a2', 'a2', 'a3', 'a3']);
    expect(await seen('GET /audit?limit=3', 'bob')).toEqual(['a2', 'a2', 'a3']);
    expect(await seen('GET /audit?after=', 'bob')).toEqual(['a2', 'a2', 'a3', 'a3']);
    expectProblem(await send('GET /audit?agentId=a2', { token: 'narrowed' }), 403, 'forbidden');
    expectProblem(await send('GET /audit', { token: 'killer' }), 403, 'forbidden');
  });

  it('needs the scope, and a query that makes sense', async () => {
    const { send } = await openBench();
    expectProblem(await send('GET /audit', { token: null }), 401, 'unauthenticated');
    expectProblem(await send('GET /audit', { token: 'reader' }), 403, 'forbidden');
    for (const query of ['since=yesterday', 'limit=0', 'limit=1001', 'agentId=a/b', 'after=x', 'agent=a1']) {
      expectProblem(await send(`GET /audit?${query}`), 400, 'invalid_request');
    }
  });

  it.each(['application/json', 'application/x-ndjson'])(
    'says that the store is down, as %s',
    async accept => {
      const { send, store } = await openBench();
      store.faults.fail('query');
      expectProblem(await send('GET /audit', { headers: { accept } }), 503, 'store_unavailable');
    },
  );

  it('looks at so much at a time, and goes on from there', async () => {
    const { send, core } = await openBench();
    const entry = {
      timestamp: '2026-11-22T10:00:00.000Z',
      operation: 'SWEEP',
      phase: 'done',
      actor: 'x',
    } as const;
    await core.audit.append(Array.from({ length: 5_200 }, () => entry));
    await core.audit.append([{ ...entry, agentId: 'far' }]);
    const first = told(await send('GET /audit?after=&agentId=far'));
    expect(first.entries).toEqual([]);
    expect(told(await send(`GET /audit?after=${first.cursor}&agentId=far`)).entries).toHaveLength(1);
  });
});
