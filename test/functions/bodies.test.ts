import { describe, expect, it } from 'vitest';
import { expectProblem, openWithAgent as open } from './bench.js';

const KILL = 'POST /agents/a1/kill';
const KILL_ALL = 'POST /agents/kill-all';

describe('a body', () => {
  it.each<[string, unknown, string]>([
    [KILL, { grace: 5 }, 'grace: unknown member'],
    [KILL, { selector: {} }, 'selector: unknown member'],
    [KILL, { a: 1, b: 2 }, 'a: unknown member; b: unknown member'],
    [KILL, { reason: 5 }, 'reason: '],
    [KILL, { reason: 'x'.repeat(1_001) }, 'reason: '],
    [KILL, { graceSeconds: -1 }, 'graceSeconds: '],
    [KILL, { graceSeconds: 301 }, 'graceSeconds: '],
    [KILL, { graceSeconds: '5' }, 'graceSeconds: '],
    [KILL, { dryRun: 'yes' }, 'dryRun: '],
    [KILL, { expectedContainerId: 'abc' }, 'expectedContainerId: must be the full container ID'],
    [KILL, [], 'body: '],
    [KILL, null, 'body: '],
    [KILL, '"kill"', 'body: '],
    [KILL, '{"reason":', 'body: must be JSON in UTF-8'],
    [KILL, ' ', 'body: must be JSON in UTF-8'],
    [KILL, new Uint8Array([0x22, 0xff, 0x22]), 'body: must be JSON in UTF-8'],
    [KILL, new Uint8Array([0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]), 'body: must be JSON in UTF-8'],
    [KILL_ALL, { selectors: {} }, 'selectors: unknown member'],
    [KILL_ALL, { selector: { agents: [] } }, 'selector.agents: unknown member'],
    [KILL_ALL, { selector: { agentIds: ['../x'] } }, 'selector.agentIds.0: must match'],
    [KILL_ALL, { selector: { agentIds: 'a1' } }, 'selector.agentIds: '],
    [KILL_ALL, { selector: { status: 'asleep' } }, 'selector.status: '],
    [KILL_ALL, { selector: { labels: { team: 1 } } }, 'selector.labels.team: '],
    [KILL_ALL, { selector: null }, 'selector: '],
    [KILL_ALL, { expectedContainerId: 'f'.repeat(64) }, 'expectedContainerId: unknown member'],
    ['PUT /agents/a2', undefined, 'status: '],
    ['PUT /agents/a2', { status: 'killed' }, 'status: '],
    [
      'PUT /agents/a2',
      { status: 'running', worktreePath: 'relative' },
      'worktreePath: must be an absolute path',
    ],
    ['PUT /agents/a2', { status: 'running', process: { pid: 1, startTime: '1' } }, 'process.pid: '],
    ['PATCH /agents/a1', { status: 'killed' }, 'status: '],
    ['PATCH /agents/a1', {}, 'body: names nothing to change'],
  ])('of %s that is %j is refused by name', async (line, body, detail) => {
    const { send, expectNothingDone } = await open();
    expectProblem(await send(line, { body }), 400, 'invalid_request', expect.stringContaining(detail));
    await expectNothingDone();
  });

  it.each([
    [KILL, '{"__proto__":{"dryRun":false}}'],
    [KILL_ALL, '{"selector":{"__proto__":{"taskId":"t2"}}}'],
    [KILL_ALL, '{"selector":{"labels":{"__proto__":"x"}}}'],
    [KILL_ALL, '{"selector":{"labels":{"\\u005f_proto__":"x"}}}'],
    ['PUT /agents/a2', '{"status":"running","labels":{"__proto__":"x"}}'],
  ])('of %s cannot reach for a prototype: %s', async (line, body) => {
    const { send, expectNothingDone } = await open();
    expectProblem(await send(line, { body }), 400, 'invalid_request', '__proto__: unknown member');
    await expectNothingDone();
    expect(({} as Record<string, unknown>)['taskId']).toBeUndefined();
  });

  it('may have a label that objects inherit, which then selects by it', async () => {
    const { send, expectNothingDone } = await open();
    expect((await send(KILL_ALL, { body: { selector: { labels: { constructor: 'x' } } } })).json.total).toBe(
      0,
    );
    expectProblem(await send(KILL_ALL, { body: '{"constructor":{}}' }), 400, 'invalid_request');
    await expectNothingDone().catch(() => undefined);
    expect(await send('GET /agents/a1')).toMatchObject({ json: { status: 'running' } });
  });

  it('never has its values told back, which may be secrets in the wrong place', async () => {
    const { send } = await open();
    const { text } = await send(KILL, { body: { reason: 5, token: 's3cret', dryRun: 's3cret' } });
    expect(text).not.toContain('s3cret');
  });

  it('with a hundred things wrong gets a short answer', async () => {
    const { send } = await open();
    const agentIds = Array.from({ length: 100 }, () => '/');
    const { json } = await send(KILL_ALL, { body: { selector: { agentIds }, ['x'.repeat(5_000)]: 1 } });
    expect(json.detail.length).toBeLessThan(1_500);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', ''])(
    'of the type %j is refused',
    async type => {
      const { send, expectNothingDone } = await open();
      const answer = await send(KILL, { body: '{}', headers: { 'content-type': type } });
      expectProblem(answer, 415, 'unsupported_media_type');
      await expectNothingDone();
    },
  );

  it.each(['application/json', 'Application/JSON; charset=utf-8', 'application/json ;x=y'])(
    'of the type %j is taken',
    async type => {
      const { send } = await open();
      expect((await send(KILL, { body: '{}', headers: { 'content-type': type } })).status).toBe(200);
    },
  );

  it.each([{}, { 'content-type': 'text/plain' }])('may be empty, with the headers %j', async headers => {
    const { send } = await open();
    expect((await send(KILL, { headers })).status).toBe(200);
  });

  it('of more than 64 KiB is refused, with and without a length', async () => {
    const { send, app, expectNothingDone } = await open();
    const body = JSON.stringify({ reason: 'x'.repeat(64 * 1024) });
    const length = { 'content-length': String(body.length) };
    expectProblem(await send(KILL, { body, headers: length }), 413, 'body_too_large');
    const stream = new Blob([body]).stream();
    const init = { method: 'POST', headers: { authorization: 'Bearer all' }, body: stream, duplex: 'half' };
    const streamed = await app.request('/agents/a1/kill', init as RequestInit);
    expect(streamed.status).toBe(413);
    await expectNothingDone();
  });
});
