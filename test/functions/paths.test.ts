import { describe, expect, it } from 'vitest';
import { expectProblem, openWithAgent as open } from './bench.js';

describe('an agent ID in a path', () => {
  it.each([
    '%2Fetc%2Fpasswd',
    'a1%2F..%2Fa2',
    '..%2Fa1',
    'a1%00',
    '%00',
    '%3Fx=1',
    '%23',
    'a1%0A',
    '%0A',
    'a1%E2%80%A8',
    'a1%252F',
    'a1%20',
    '-a1',
    '.a1',
    '%E2%80%AEa1',
    '%F0%9F%92%80',
    'ä1',
    '%ff',
    '%zz',
    'a'.repeat(129),
    'a'.repeat(10_000),
    'a1;x',
    'a1/extra',
    'a1//',
    '%2e%2e%2fa1',
    '__proto__',
  ])('that is %s is refused, and no handler sees it', async agentId => {
    const { send, expectNothingDone } = await open();
    expectProblem(await send(`POST /agents/${agentId}/kill`), 400, 'invalid_agent_id');
    for (const method of ['GET', 'PUT', 'PATCH']) {
      expectProblem(await send(`${method} /agents/${agentId}`), 400, 'invalid_agent_id');
    }
    await expectNothingDone();
  });

  it.each(['a', 'A.b_c:d-e', 'a'.repeat(128), 'kill', 'kill-all', 'constructor', 'a%31'])(
    'that is %s is taken',
    async agentId => {
      const { send } = await open();
      expect((await send(`POST /agents/${agentId}/kill`)).status).toBe(agentId === 'a%31' ? 200 : 404);
    },
  );
});

describe('a path or method that is not there', () => {
  it.each(['POST /', 'GET /agents/', 'POST /agent/a1/kill', 'POST /agentsx/a1/kill', 'GET /kill-all'])(
    '%s answers 404',
    async line => {
      const { send } = await open();
      expectProblem(await send(line), 404, 'not_found', 'No such path');
    },
  );

  it.each([
    ['DELETE /agents', 'GET'],
    ['POST /healthz', 'GET'],
    ['OPTIONS /readyz', 'GET'],
    ['DELETE /agents/a1', 'GET, PUT, PATCH'],
    ['OPTIONS /agents/a1/kill', 'POST'],
    ['DELETE /agents/kill-all', 'POST, GET, PUT, PATCH'],
  ])('%s answers 405 and what there is', async (line, allow) => {
    const { send, expectNothingDone } = await open();
    const answer = await send(line, { token: null });
    expect(answer.headers.get('allow')?.split(', ')).toEqual(expect.arrayContaining(allow.split(', ')));
    expectProblem(answer, 405, 'method_not_allowed');
    await expectNothingDone();
  });

  it('answers HEAD like GET, without a body', async () => {
    const { send } = await open();
    const head = await send('HEAD /agents/a1');
    expect([head.status, head.text]).toEqual([200, '']);
    expect((await send('HEAD /agents/a1', { token: null })).status).toBe(401);
    expect((await send('HEAD /agents/a1/kill')).status).toBe(400);
  });
});
