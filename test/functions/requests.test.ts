import { describe, expect, it } from 'vitest';
import { expectProblem, openWithAgent as open, type Token } from './bench.js';

const KILL = 'POST /agents/a1/kill';
const KILL_ALL = 'POST /agents/kill-all';

describe('a credential', () => {
  const lines = [KILL, KILL_ALL, 'GET /agents', 'GET /agents/a1', 'PUT /agents/a2', 'PATCH /agents/a1'];

  it('that does not hold answers 401, in the same words for every cause and before anything is looked at', async () => {
    const { send, expectNothingDone } = await open();
    const bodies = new Set<string>();
    for (const line of [...lines, 'POST /agents/nobody/kill', 'POST /agents/%2F/kill']) {
      for (const headers of [
        {},
        { authorization: '' },
        { authorization: 'Bearer' },
        { authorization: 'Bearer expired' },
        { authorization: 'Basic YWxsOg==' },
        { authorization: `Bearer ${'x'.repeat(8_000)}` },
      ]) {
        const body = line.startsWith('GET') ? {} : { body: '{"nonsense"' };
        const answer = await send(line, { token: null, headers, ...body });
        expectProblem(answer, 401, 'unauthenticated');
        expect(answer.headers.get('www-authenticate')).toBe('Bearer');
        bodies.add(answer.text.replace(answer.json.requestId, ''));
      }
    }
    expect(bodies.size).toBe(1);
    await expectNothingDone();
  });

  it.each<[string, Token, number]>([
    [KILL, 'reader', 403],
    [KILL_ALL, 'reader', 403],
    [KILL_ALL, 'killer', 403],
    ['GET /agents', 'killer', 403],
    ['GET /agents/a1', 'killer', 403],
    ['PUT /agents/a2', 'reader', 403],
    ['PATCH /agents/a1', 'reader', 403],
  ])('for %s needs the scope, which %s has not', async (line, token, status) => {
    const { send, expectNothingDone } = await open();
    const body = line.startsWith('P') && !line.startsWith('POST') ? { body: { status: 'running' } } : {};
    expectProblem(await send(line, { token, ...body }), status, 'forbidden');
    await expectNothingDone();
  });
});

describe('every answer', () => {
  const lines = [
    'GET /healthz',
    'GET /agents',
    KILL,
    'GET /nowhere',
    'POST /agents/%00/kill',
    'POST /agents',
  ];

  it.each(lines)('to %s has a request ID and the headers of a careful server', async line => {
    const { send } = await open();
    const { headers } = await send(line);
    expect(headers.get('x-request-id')).toMatch(/^id-\d+$/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-frame-options')).toBe('SAMEORIGIN');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });

  it("echoes the client's request ID, and has it in the problem and in the audit", async () => {
    const { send, store } = await open();
    const headers = { 'x-request-id': 'req-42_A=' };
    expect((await send('POST /agents/nobody/kill', { headers })).json.requestId).toBe('req-42_A=');
    await send(KILL, { headers });
    expect(store.memory.audit[0]).toMatchObject({ phase: 'accepted', requestId: 'req-42_A=' });
  });

  it.each(['x'.repeat(256), 'a b', '<script>', '"', '../x', 'a;b', 'ü', ''])(
    'gives a request ID of its own for %j',
    async given => {
      const { send } = await open();
      const { headers } = await send('GET /healthz', { headers: { 'x-request-id': given } });
      expect(headers.get('x-request-id')).toMatch(/^id-\d+$/);
    },
  );
});
