import { describe, expect, it } from 'vitest';
import { actorWith, fakeAuthenticator, holding, narrowedTo } from '../fakes/authenticator.js';
import { expectProblem, openApp } from './bench.js';

interface AuditJson {
  readonly entries: readonly {
    readonly operation: string;
    readonly phase: string;
    readonly agentId?: string;
  }[];
  readonly cursor: string;
}
const told = ({ json }: { readonly json: unknown }): AuditJson => json as AuditJson;

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
      store.faults.fail('search');
      expectProblem(await send('GET /audit', { headers: { accept } }), 503, 'store_unavailable');
    },
  );

  const entry = {
    timestamp: '2026-11-22T10:00:00.000Z',
    operation: 'SWEEP',
    phase: 'done',
    actor: 'x',
  } as const;

  it('looks at so much at a time, and goes on from there', async () => {
    const { send, core } = await openBench();
    await core.audit.append(Array.from({ length: 5_200 }, () => entry));
    await core.audit.append([{ ...entry, agentId: 'far', taskId: 't2' }]);
    const first = told(await send('GET /audit?after=', { token: 'bob' }));
    expect(first.entries.map(({ agentId }) => agentId)).toEqual(['a2', 'a2', 'a3', 'a3']);
    const second = told(await send(`GET /audit?after=${first.cursor}`, { token: 'bob' }));
    expect(second.entries).toMatchObject([{ agentId: 'far' }]);
    expect(told(await send(`GET /audit?after=${second.cursor}`, { token: 'bob' }))).toEqual({
      entries: [],
      cursor: second.cursor,
    });
    expect(told(await send('GET /audit', { token: 'bob' })).entries).toHaveLength(5);
  });

  it.each([
    ['application/json', ''],
    ['application/json', '&agentId=a2'],
    ['application/x-ndjson', ''],
    ['application/x-ndjson', '&agentId=a3'],
  ])('goes on right after the last entry that it gave, as %s, narrowed by "%s"', async (accept, filter) => {
    const { send } = await openBench();
    const get = async (query: string) => {
      const { text, json, headers } = await send(`GET /audit?${query}${filter}`, { headers: { accept } });
      if (accept === 'application/json') return told({ json });
      const entries = text
        .split('\n')
        .filter(Boolean)
        .map(line => JSON.parse(line) as AuditJson['entries'][number]);
      return { entries, cursor: headers.get('x-audit-cursor') ?? '' };
    };
    const { entries: all } = await get('');
    const found: unknown[] = [];
    let page = await get('limit=1');
    for (; page.entries.length > 0; page = await get(`limit=1&after=${page.cursor}`)) {
      expect(page.entries).toHaveLength(1);
      found.push(...page.entries);
    }
    expect(found).toEqual(all);
  });

  const asLines = { headers: { accept: 'application/x-ndjson' } };

  it('gives as lines what was there when it was asked, and its cursor goes on after that', async () => {
    const { send, core, store } = await openBench();
    const before = store.memory.audit.length;
    await core.audit.append(Array.from({ length: 600 }, () => entry));
    let asked = 0;
    store.faults.lie('search', truth => {
      if (++asked === 2) store.memory.audit.push({ ...entry, reason: 'meanwhile' });
      return truth();
    });
    const { text, headers } = await send('GET /audit', asLines);
    expect(text.trimEnd().split('\n')).toHaveLength(before + 600);
    const later = told(await send(`GET /audit?after=${headers.get('x-audit-cursor')}`));
    expect(later.entries).toMatchObject([{ reason: 'meanwhile' }]);
  });

  it('breaks off, and does not look whole, where the store goes or the server ends in the middle of the lines', async () => {
    const { send, core, store, closing } = await openBench();
    await core.audit.append(Array.from({ length: 600 }, () => entry));
    let asked = 0;
    store.faults.lie('search', truth => {
      if (++asked > 1) throw new Error('lost');
      return truth();
    });
    await expect(send('GET /audit', asLines)).rejects.toThrow('lost');
    store.faults.heal();
    closing.abort();
    await expect(send('GET /audit', asLines)).rejects.toThrow('The server is shutting down.');
  });

  it('reads no further when the reader of the lines has gone', async () => {
    const { app, core, store } = await openBench();
    await core.audit.append(Array.from({ length: 2_000 }, () => entry));
    let asked = 0;
    store.faults.lie('search', truth => {
      asked++;
      return truth();
    });
    const response = await app.request('/audit', {
      headers: { authorization: 'Bearer all', ...asLines.headers },
    });
    await response.body?.cancel();
    expect(asked).toBe(1);
  });
});
