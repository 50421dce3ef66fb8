import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ClientError, createClient } from '../../../lib/client/client.js';

const closing: (() => unknown)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly authorization: string | undefined;
  readonly type: string | undefined;
  readonly body: string;
  /** Only where there is one. */
  readonly key?: string;
}

type Reply = { status?: number; body?: unknown; type?: string; headers?: Record<string, string> };

/** A server that gives one answer to all, and remembers what it was asked. */
async function answering(reply: Reply | 'silence') {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { method, url, headers } = request;
    const { authorization, 'idempotency-key': key } = headers;
    const sent = { method, url, body, authorization, type: headers['content-type'] };
    seen.push({ ...sent, ...(key !== undefined && { key: String(key) }) });
    if (reply === 'silence') return;
    const { status = 200, body: said = {}, type = 'application/json', headers: more = {} } = reply;
    response.writeHead(status, { 'content-type': type, ...more });
    response.end(typeof said === 'string' ? said : JSON.stringify(said));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(
    () => server.closeAllConnections(),
    () => server.close(),
  );
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, seen, client: createClient({ url, token: 'abc', timeoutMs: 5_000 }) };
}

const receipt = {
  message: 'Agent a1 killed successfully',
  agentId: 'a1',
  operationId: 'o1',
  verified: true,
  pending: [],
  outcomes: [{ layer: 'container', outcome: 'removed' }],
};

const summary = { ...receipt, total: 1, killed: 1, failed: 0, pending: 0, agents: [receipt] };

const failure = (act: Promise<unknown>): Promise<ClientError> =>
  act.then(
    () => Promise.reject(new Error('it did not fail')),
    (error: unknown) => {
      expect(error).toBeInstanceOf(ClientError);
      return error as ClientError;
    },
  );

describe('the stops', () => {
  it('hears of an agent of which nothing is known yet', async () => {
    const body = { message: 'not killed yet', operationId: 'o1', verified: false, incomplete: true };
    const { client } = await answering({ status: 202, body });
    expect(await client.kill('a1')).toEqual({ status: 202, confirmed: false, receipt: body });
  });

  it('sends a kill with its token and its body', async () => {
    const { client, seen } = await answering({ body: receipt });
    const answer = await client.kill('team:a1', { reason: 'loops', graceSeconds: 2 });
    expect(answer).toEqual({ status: 200, confirmed: true, receipt });
    expect(seen).toEqual([
      {
        method: 'POST',
        url: '/agents/team%3Aa1/kill',
        authorization: 'Bearer abc',
        type: 'application/json',
        body: '{"reason":"loops","graceSeconds":2}',
      },
    ]);
  });

  it('sends a kill-all to a server behind a path', async () => {
    const { url, seen } = await answering({ body: summary });
    const client = createClient({ url: `${url}/stop/`, token: async () => 'made' });
    const answer = await client.killAll({ selector: { taskId: 't1' } });
    expect(answer).toEqual({ status: 200, confirmed: true, receipt: summary });
    expect(seen[0]).toMatchObject({ url: '/stop/agents/kill-all', authorization: 'Bearer made' });
  });

  it('sends a key where one is given', async () => {
    const [one, all] = [await answering({ body: receipt }), await answering({ body: summary })];
    await one.client.kill('a1', {}, { idempotencyKey: 'k1' });
    await all.client.killAll(undefined, { idempotencyKey: 'k2' });
    expect([...one.seen, ...all.seen]).toMatchObject([
      { key: 'k1', body: '{}' },
      { key: 'k2', body: '{}' },
    ]);
  });

  it('does not call confirmed what the server answers with 202', async () => {
    const { client } = await answering({ status: 202, body: receipt });
    expect(await client.kill('a1')).toMatchObject({ status: 202, confirmed: false });
  });

  it('does not call confirmed what was not seen to die', async () => {
    const { client } = await answering({ body: { ...receipt, verified: false } });
    expect(await client.kill('a1')).toMatchObject({ status: 200, confirmed: false });
  });

  it.each([
    ['no JSON', '<html>welcome</html>'],
    ['another JSON', { ok: true }],
    ['a receipt with a piece missing', { ...receipt, verified: undefined }],
  ])('takes %s for no receipt', async (_, body) => {
    const { client } = await answering({ body });
    expect(await failure(client.kill('a1'))).toMatchObject({ code: 'unexpected_answer', status: 200 });
  });

  it('takes a 201 for no stop', async () => {
    const { client } = await answering({ status: 201, body: receipt });
    expect((await failure(client.kill('a1'))).code).toBe('unexpected_answer');
  });

  it.each(['', '..', 'a/kill', 'a b', '-a', 'x'.repeat(129)])('never sends the ID %j', async id => {
    const { client, seen } = await answering({ body: receipt });
    for (const act of [client.kill, client.agents.get]) {
      expect((await failure(act(id))).code).toBe('invalid_agent_id');
    }
    expect(seen).toEqual([]);
  });
});

describe('the latch and the operations', () => {
  it('are looked at and changed', async () => {
    const status = {
      engaged: true,
      since: '2026-11-22T10:00:00.000Z',
      by: 'alice',
      selector: { taskId: 't1' },
    };
    const { client, seen } = await answering({ body: status });
    expect(await client.latch.status()).toEqual(status);
    expect(await client.latch.engage({ reason: 'fire', selector: { taskId: 't1' } })).toEqual(status);
    await client.latch.engage();
    await client.latch.reset({ reason: 'out' });
    const json = { url: '/latch', type: 'application/json', authorization: 'Bearer abc' };
    expect(seen).toMatchObject([
      { method: 'GET', url: '/latch', body: '' },
      { ...json, method: 'POST', body: '{"reason":"fire","selector":{"taskId":"t1"}}' },
      { ...json, method: 'POST', body: '{}' },
      { ...json, method: 'DELETE', body: '{"reason":"out"}' },
    ]);
  });

  it('are told with what the server says of an operation', async () => {
    const told = { requestedAt: '2026-11-22T10:00:00.000Z', requestedBy: 'alice', receipt: summary };
    const operation = { operationId: 'o1', state: 'ended', type: 'kill-all', ...told };
    const { client, seen } = await answering({ body: operation });
    expect(await client.operation('o/1')).toEqual(operation);
    expect(seen[0]?.url).toBe('/operations/o%2F1');
  });

  it('are given up with a reason', async () => {
    const dismissed = { operationId: 'o/1', message: '1 agent given up', agents: ['a1'] };
    const { client, seen } = await answering({ body: dismissed });
    expect(await client.dismiss('o/1', { reason: 'a test machine' })).toEqual(dismissed);
    expect(seen[0]).toMatchObject({ method: 'POST', url: '/operations/o%2F1/dismiss' });
  });

  it('are told with a page of the audit', async () => {
    const entry = {
      timestamp: '2026-11-22T10:00:00.000Z',
      operation: 'SWEEP',
      phase: 'done',
      actor: 'alice',
    };
    const page = { entries: [entry], cursor: '7' };
    const { client, seen } = await answering({ body: page });
    expect(await client.audit({ agentId: 'a1', after: '', limit: 10 })).toEqual(page);
    expect(await client.audit()).toEqual(page);
    expect(seen.map(({ url }) => url)).toEqual(['/audit?agentId=a1&after=&limit=10', '/audit']);
  });

  it.each([{}, { engaged: 'yes' }, { operationId: 'o1', state: 'odd' }])(
    'are not what %j says',
    async body => {
      const { client } = await answering({ body });
      for (const act of [client.latch.status(), client.operation('o1')]) {
        expect(await failure(act)).toMatchObject({ code: 'unexpected_answer' });
      }
    },
  );
});

describe('the records', () => {
  it('lists by a query, page by page', async () => {
    const page = { agents: [{ agentId: 'a1', status: 'odd', more: [1] }], cursor: 'a1' };
    const { client, seen } = await answering({ body: page });
    const labels = { team: 'core=1', stage: 'x&y' };
    expect(await client.agents.list({ status: 'running', taskId: 't1', labels, limit: 5 })).toEqual(page);
    expect(new URL(`http://x${seen[0]?.url}`).searchParams.toString()).toBe(
      'status=running&taskId=t1&limit=5&label=team%3Dcore%3D1&label=stage%3Dx%26y',
    );
    await client.agents.list();
    expect(seen[1]).toMatchObject({ method: 'GET', url: '/agents', type: undefined, body: '' });
  });

  it('gets, registers and changes one', async () => {
    const record = { agentId: 'a1', status: 'running' };
    const { client, seen } = await answering({ body: record });
    expect(await client.agents.get('a1')).toEqual(record);
    expect(await client.agents.register('a1', { status: 'running' })).toEqual(record);
    expect(await client.agents.transition('a1', { status: 'completed' })).toEqual(record);
    expect(seen.map(({ method, url, body }) => [method, url, body])).toEqual([
      ['GET', '/agents/a1', ''],
      ['PUT', '/agents/a1', '{"status":"running"}'],
      ['PATCH', '/agents/a1', '{"status":"completed"}'],
    ]);
  });

  it('tells a server that is not ready, and asks without the token', async () => {
    const ports = [{ name: 'sqlite', ok: false }];
    const { client, seen } = await answering({ status: 503, body: { status: 'degraded', ports } });
    expect(await client.ready()).toEqual({ ready: false, ports });
    expect(seen[0]?.authorization).toBeUndefined();
  });
});

describe('what goes wrong', () => {
  const problem = {
    type: 'urn:killswitch:error:agent_not_found',
    title: 'Unknown agent',
    status: 404,
    detail: 'Unknown agent a1',
    code: 'agent_not_found',
    requestId: 'r1',
  };

  it('passes on the members of a problem', async () => {
    const { client } = await answering({ status: 404, body: problem, type: 'application/problem+json' });
    const { title, status, detail, code, requestId } = problem;
    const error = await failure(client.kill('a1'));
    expect(error).toMatchObject({ title, status, detail, code, requestId, message: detail });
  });

  it('uses the title where there is no detail', async () => {
    const { client } = await answering({
      status: 500,
      body: { code: 'internal', title: 'Something failed' },
    });
    expect((await failure(client.kill('a1'))).message).toBe('Something failed');
  });

  it('tells an error of something in between from one of the server', async () => {
    const { client } = await answering({ status: 502, body: '<html>Bad gateway</html>' });
    expect(await failure(client.killAll())).toMatchObject({ code: 'unexpected_answer', status: 502 });
  });

  it('takes its token nowhere else', async () => {
    const other = await answering({ body: receipt });
    const { client } = await answering({ status: 307, headers: { location: `${other.url}/agents/a1/kill` } });
    expect(await failure(client.kill('a1'))).toMatchObject({ code: 'unexpected_answer', status: 307 });
    expect(other.seen).toEqual([]);
  });

  it.each(['', 'abc\ndef', 'a b', 'ü'])('does not send %j as a token', async token => {
    const { url, seen } = await answering({ body: receipt });
    const error = await failure(createClient({ url, token }).kill('a1'));
    expect(error.code).toBe('unauthenticated');
    expect(seen).toEqual([]);
  });

  it('calls the server by the name that it was given', async () => {
    const fetch = () => Promise.reject(new TypeError('fetch failed'));
    const client = createClient({ url: 'http://localhost', name: '/run/k.sock', token: 'abc', fetch });
    expect(await failure(client.kill('a1'))).toMatchObject({ title: 'No server answers at /run/k.sock' });
  });

  it('says that no server answers', async () => {
    const client = createClient({ url: 'http://127.0.0.1:1', token: 'abc' });
    const error = await failure(client.kill('a1'));
    expect(error).toMatchObject({ code: 'unreachable', status: undefined });
    expect(error.message).toBe('No server answers at http://127.0.0.1:1');
  });

  it('does not say that nothing was done when no answer came in time', async () => {
    const { url, seen } = await answering('silence');
    const client = createClient({ url, token: 'abc', timeoutMs: 500 });
    const error = await failure(client.kill('a1'));
    expect(error.code).toBe('unreachable');
    expect(error.message).toContain('whether it was carried out is not known');
    expect(seen).toHaveLength(1);
  });

  it.each(['', 'localhost:8787', 'ftp://x', 'http://user:pass@x', 'http://x/?a=b', 'http://x/#a'])(
    'takes no URL like %j',
    url => {
      expect(() => createClient({ url, token: 'abc' })).toThrow(TypeError);
    },
  );
});
