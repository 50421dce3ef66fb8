import { beforeEach, describe, expect, it, vi } from 'vitest';
import { bearer, claimsWith, keySet, makeKey, startProvider } from '../fakes/identity-provider.js';
import { afterFile } from '../services/registry.js';
import { expectProblem } from './bench.js';
import { gatewayKey, openGateway, startFlood, startOrigin, startStub, tokenWith } from './edge-bench.js';

const MIB = 1024 * 1024;
const KILL = 'POST /agents/a1/kill';
const KILL_ALL = 'POST /agents/kill-all';
/** Nobody listens there, and that is found out at once. */
const NOBODY = 'http://127.0.0.1:1';
/** What is logged, so that it can be looked through for what must not be in it. */
let lines: string[];

beforeEach(() => {
  lines = [];
  for (const level of ['info', 'warn', 'error'] as const) {
    vi.spyOn(console, level).mockImplementation(line => void lines.push(String(line)));
  }
});

async function open(...agents: readonly string[]) {
  const origin = await startOrigin();
  for (const agentId of agents) await origin.agent(agentId);
  return { origin, gateway: openGateway({ a: origin.url }) };
}

describe('a caller with a token', () => {
  it('stops an agent at the origin, in its own name and under the same request ID', async () => {
    const { origin, gateway } = await open('a1');
    const headers = { 'x-request-id': 'req-1' };
    const answer = await gateway.send(KILL, { body: { reason: 'runaway' }, headers });
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({
      message: 'Agent a1 killed successfully',
      verified: true,
      origins: [{ name: 'a', status: 200, operationId: expect.any(String) }],
    });
    expect(origin.store.memory.audit[0]).toMatchObject({
      actor: 'alice',
      requestId: 'req-1',
      reason: 'runaway',
    });
  });

  it('has what it may do, and where, kept as it is', async () => {
    const { origin, gateway } = await open('a1', 'a2');
    expectProblem(
      await gateway.send(KILL, { token: await tokenWith({ scope: 'agents:read' }) }),
      403,
      'forbidden',
      'The credential needs the scope agents:kill',
    );
    const narrowed = await tokenWith({ agent: 'a2' });
    expect((await gateway.send(KILL, { token: narrowed })).status).toBe(403);
    expect(await origin.record('a1')).toMatchObject({ status: 'running' });
    expect((await gateway.send('POST /agents/a2/kill', { token: narrowed })).status).toBe(200);
  });

  it('may nothing with a token without a scope, and the origin says so', async () => {
    const { origin, gateway } = await open('a1');
    expect((await gateway.send(KILL, { token: await tokenWith({ scope: '' }) })).status).toBe(403);
    expect(origin.requests).toHaveLength(1);
  });

  it.each([
    ['none', async () => null],
    ['a forged one', async () => bearer(claimsWith(), new TextEncoder().encode('f'.repeat(32)))],
    ['an expired one', async () => tokenWith({ exp: 1 })],
    ['one for another audience', async () => tokenWith({ aud: 'other' })],
    [
      'one that is bound to another request',
      async () => tokenWith({ req: { m: 'POST', p: '/', h: 'A'.repeat(43) } }),
    ],
  ])('is not let through with %s, and no origin hears of it', async (_name, token) => {
    const { origin, gateway } = await open('a1');
    for (const line of [
      KILL,
      KILL_ALL,
      'GET /agents',
      'GET /agents/a1',
      'POST /latch',
      'GET /operations/o1',
    ]) {
      const answer = await gateway.send(line, { token: await token() });
      expectProblem(answer, 401, 'unauthenticated');
    }
    expect(origin.requests).toEqual([]);
  });

  it('is let through by no key at all where none is set up', async () => {
    const { url } = await startStub();
    const gateway = openGateway({ a: url }, { KILLSWITCH_SECRET: '' });
    expectProblem(await gateway.send(KILL), 401, 'unauthenticated');
    expect((await gateway.send('GET /healthz')).status).toBe(200);
  });

  it('is known by the key set of an identity provider, or by one that is set itself', async () => {
    const { origin } = await open('a1', 'a2');
    const key = await makeKey('ES256', 'k1');
    const provider = await startProvider(keySet(key));
    afterFile(provider.die);
    const token = await bearer(claimsWith(), key);
    for (const [agentId, jwks] of [
      ['a1', provider.url],
      ['a2', keySet(key)],
    ] as const) {
      const gateway = openGateway({ a: origin.url }, { KILLSWITCH_SECRET: '', KILLSWITCH_JWKS: jwks });
      expect((await gateway.send(`POST /agents/${agentId}/kill`, { token })).status).toBe(200);
      expectProblem(await gateway.send(KILL), 401, 'unauthenticated');
      expect((await gateway.send('GET /readyz')).json).toMatchObject({ status: 'ready' });
    }
  });

  it('is recorded in the audit of the origin with the address that it asked the gateway from', async () => {
    const { origin, gateway } = await open('a1');
    const headers = { 'cf-connecting-ip': '2001:DB8::0:7', 'x-forwarded-for': '6.6.6.6' };
    expect((await gateway.send(KILL, { headers })).status).toBe(200);
    expect(origin.store.memory.audit.map(({ source }) => source)).toEqual(['2001:db8::7', '2001:db8::7']);
  });

  it('is let through no more with a token whose ID or subject is revoked there', async () => {
    const { origin } = await open('a1');
    const revoked = { KILLSWITCH_REVOKED: 'jti j1\nsub mallory\n' };
    const gateway = openGateway({ a: origin.url }, revoked);
    for (const claims of [{ jti: 'j1' }, { sub: 'mallory' }]) {
      expectProblem(await gateway.send(KILL, { token: await tokenWith(claims) }), 401, 'unauthenticated');
    }
    expect((await gateway.send(KILL, { token: await tokenWith({ jti: 'j2' }) })).status).toBe(200);
  });

  it('may only stop with a token for single use, since nothing here remembers it', async () => {
    const { gateway } = await open('a1');
    const token = await tokenWith({ once: true, jti: 'j1' });
    for (const line of ['GET /agents', 'GET /latch'])
      expect((await gateway.send(line, { token })).status).toBe(403);
    const reset = await gateway.send('DELETE /latch', { token, body: { reason: 'over' } });
    expect(reset.status).toBe(403);
    expect((await gateway.send(KILL, { token })).status).toBe(200);
  });

  it('has its words checked where they are carried out', async () => {
    const { gateway } = await open('a1');
    const detail = 'grace: unknown member';
    expectProblem(await gateway.send(KILL, { body: { grace: 1 } }), 400, 'invalid_request', detail);
    const type = { 'content-type': 'text/plain' };
    expectProblem(await gateway.send(KILL, { body: '{}', headers: type }), 415, 'unsupported_media_type');
    expectProblem(await gateway.send('POST /agents/nobody/kill'), 404, 'agent_not_found');
    expectProblem(await gateway.send('POST /agents/%2e%2e%2fa1/kill'), 400, 'invalid_agent_id');
  });

  it('is answered once for one key', async () => {
    const { gateway } = await open('a1');
    const headers = { 'idempotency-key': 'k1' };
    const [one, two] = [await gateway.send(KILL, { headers }), await gateway.send(KILL, { headers })];
    expect(two.status).toBe(200);
    expect(two.json.operationId).toBe(one.json.operationId);
    expectProblem(await gateway.send(KILL), 400, 'invalid_state', expect.stringContaining('killed'));
  });

  it('stops all, engages and resets, and looks at agents and operations', async () => {
    const { gateway } = await open('a1', 'a2');
    expect((await gateway.send('GET /agents?limit=1&status=running')).json).toMatchObject({
      agents: [{ agentId: 'a1' }],
      cursor: 'a1',
    });
    const all = await gateway.send(KILL_ALL, { body: { latch: true } });
    expect(all.json).toMatchObject({ message: '2 of 2 agents killed', total: 2, killed: 2, verified: true });
    expect((await gateway.send(`GET /operations/${all.json.operationId}`)).json).toMatchObject({
      state: 'ended',
    });
    expect((await gateway.send('GET /agents/a1')).json).toMatchObject({ agentId: 'a1', status: 'killed' });
    expect((await gateway.send('GET /latch')).json).toMatchObject({ engaged: true, by: 'alice' });
    expect((await gateway.send('DELETE /latch', { body: { reason: 'over' } })).json).toMatchObject({
      engaged: false,
    });
    expect((await gateway.send('POST /latch', { body: {} })).json).toMatchObject({ engaged: true });
  });
});

describe('a kill link at the edge', () => {
  it('changes nothing when it is looked at, and stops the agent once when its button is pressed', async () => {
    const { origin, gateway } = await open('a1');
    const shown = await tokenWith({ scope: 'agents:kill', agent: 'a1', once: true, jti: 'link-1' });
    const token = shown.replace('Bearer ', '');
    expect((await gateway.send(`GET /links/${token}`, { token: null })).text).toContain('<button');
    expect(origin.requests).toEqual([]);
    for (const _ of [1, 2]) {
      const pressed = await gateway.send(`POST /links/${token}`, { token: null });
      expect([pressed.status, pressed.text.includes('is dead')]).toEqual([200, true]);
    }
    const accepted = origin.store.memory.audit.filter(({ phase }) => phase === 'accepted');
    expect(accepted).toHaveLength(1);
  });
});

describe('several origins', () => {
  it('each stop what is theirs', async () => {
    const [a, b] = [await startOrigin(), await startOrigin()];
    await a.agent('a1');
    const bob = await b.agent('b1');
    const gateway = openGateway({ a: a.url, b: b.url });
    expect((await gateway.send('POST /agents/b1/kill')).status).toBe(200);
    expect(await bob.isAlive()).toBe(false);
    expect(await a.record('a1')).toMatchObject({ status: 'running' });
    const { status, json } = await gateway.send(KILL_ALL);
    expect(status).toBe(200);
    expect(json).toMatchObject({ total: 1, verified: true, origins: [{ name: 'a' }, { name: 'b' }] });
  });

  it('do not wait for one that is silent, which is named', async () => {
    const [a, b] = [await startOrigin(), await startStub()];
    const agent = await a.agent('a1');
    const gateway = openGateway({ a: a.url, b: b.url });
    const { status, json } = await gateway.send(KILL_ALL);
    expect(status).toBe(202);
    expect(json).toMatchObject({ killed: 1, verified: false, errors: ['origin b did not answer'] });
    expect(await agent.isAlive()).toBe(false);
    expectProblem(
      await gateway.send('POST /agents/b1/kill'),
      503,
      'origins_unavailable',
      'origin b did not answer; origin a: Unknown agent b1',
    );
    expect((await gateway.send('GET /readyz')).json).toMatchObject({
      status: 'degraded',
      ports: [
        { name: 'origin a', ok: true },
        { name: 'origin b', ok: false, detail: 'it does not answer' },
        { name: 'tokens', ok: true },
      ],
    });
  });

  it.each(['a declared', 'no declared'])(
    'do not read the answer of one that never ends, with %s length: it is named',
    async declared => {
      const [a, b] = [
        await startOrigin(),
        await startFlood(declared === 'a declared' ? 400 * MIB : undefined),
      ];
      const agent = await a.agent('a1');
      const gateway = openGateway({ a: a.url, b: b.url }, { KILLSWITCH_ORIGIN_TIMEOUT: '30s' });
      const { status, json } = await gateway.send(KILL_ALL);
      expect(status).toBe(202);
      const errors = ['origin b answered with more than 4194304 bytes'];
      expect(json).toMatchObject({ killed: 1, verified: false, errors });
      expect(await agent.isAlive()).toBe(false);
      await b.ended;
      expect(b.sent()).toBeLessThan(100 * MIB);
    },
  );

  it.each([302, 500])('are not taken at the word of one that answers with %i', async code => {
    const [a, b] = [await startOrigin(), await startStub({ status: code, body: '{}' })];
    await a.agent('a1');
    const gateway = openGateway({ a: a.url, b: b.url });
    const { status, json } = await gateway.send(KILL_ALL);
    expect(status).toBe(202);
    expect(json.errors).toEqual([expect.stringContaining(`origin b did not answer: status ${code}`)]);
    expect(b.seen).toEqual(['POST /agents/kill-all']);
    expect((await gateway.send('GET /readyz')).status).toBe(503);
  });

  it('are not reset while one of them is silent', async () => {
    const a = await startOrigin();
    const gateway = openGateway({ a: a.url, b: NOBODY });
    const engaged = await gateway.send('POST /latch', { body: {} });
    expect(engaged.status).toBe(202);
    expect(engaged.json).toMatchObject({ engaged: false, errors: ['origin b did not answer'] });
    const answer = await gateway.send('DELETE /latch', { body: { reason: 'over' } });
    expectProblem(answer, 503, 'origins_unavailable', 'Nothing was reset: origin b did not answer');
    expect((await a.send('GET /latch', { token: null })).status).toBe(401);
    expect((await gateway.send('GET /latch')).json).toMatchObject({ engaged: true });
  });
});

describe('an order at an origin', () => {
  it('is good once, for its own request alone', async () => {
    const { origin, gateway } = await open('a1');
    await gateway.send(KILL, { body: { dryRun: true } });
    const [sent] = origin.requests;
    const authorization = sent?.headers.get('authorization') ?? '';
    const again = (path: string, body: string, method = 'POST') =>
      fetch(origin.url + path, {
        method,
        headers: { authorization, 'content-type': 'application/json' },
        ...(method === 'GET' ? {} : { body }),
      }).then(({ status }) => status);
    expect(await again('/agents/a1/kill', '{"dryRun":true}')).toBe(401);
    expect(await again('/agents/a1/kill', '{}')).toBe(401);
    expect(await again('/agents/kill-all', '{"dryRun":true}')).toBe(401);
    expect(await again('/agents', '', 'GET')).toBe(401);
    expect(await origin.record('a1')).toMatchObject({ status: 'running' });
  });
});

describe('an order for one origin', () => {
  const reason = { reason: 'over' };
  const resend = (url: string, sent: Request | undefined, body?: string) => {
    const headers = {
      authorization: sent?.headers.get('authorization') ?? '',
      'content-type': 'application/json',
    };
    const path = new URL(sent?.url ?? '').pathname;
    return fetch(url + path, { method: sent?.method ?? '', headers, ...(body && { body }) }).then(
      ({ status }) => status,
    );
  };

  it('is refused at another one, which would let its agents run, stop, or be read', async () => {
    const [a, b] = [await startOrigin(), await startOrigin()];
    await b.agent('b1');
    const gateway = openGateway({ a: a.url });
    await gateway.send('POST /latch', { body: {} });
    await gateway.send('DELETE /latch', { body: reason });
    await gateway.send(KILL_ALL, { body: {} });
    await gateway.send('GET /agents');
    await openGateway({ b: b.url }).send('POST /latch', { body: {} });
    for (const sent of a.requests.filter(({ url }) => !url.endsWith('/healthz'))) {
      const body = { POST: '{}', DELETE: JSON.stringify(reason) }[sent.method];
      expect(await resend(b.url, sent, body), sent.method).toBe(401);
    }
    expect((await openGateway({ b: b.url }).send('GET /latch')).json).toMatchObject({ engaged: true });
    expect(await b.record('b1')).toMatchObject({ status: 'running' });
  });

  it('resets one emergency and not the next', async () => {
    const { origin, gateway } = await open('a1');
    await gateway.send('POST /latch', { body: {} });
    expect((await gateway.send('DELETE /latch', { body: reason })).json).toMatchObject({ engaged: false });
    await gateway.send('POST /latch', { body: {} });
    const reset = origin.requests.find(({ method }) => method === 'DELETE');
    expect(await resend(origin.url, reset, JSON.stringify(reason))).toBe(401);
    expect((await gateway.send('GET /latch')).json).toMatchObject({ engaged: true });
  });

  it('can only stop where the origin does not know its own URL, which is said', async () => {
    const origin = await startOrigin({ isNamed: false });
    await origin.agent('a1');
    const gateway = openGateway({ a: origin.url });
    const detail = expect.stringContaining('set KILLSWITCH_PUBLIC_URL');
    expect((await gateway.send(KILL)).status).toBe(200);
    expect((await gateway.send('POST /latch', { body: {} })).status).toBe(200);
    for (const line of ['GET /latch', 'GET /agents'])
      expectProblem(await gateway.send(line), 403, 'forbidden', detail);
    expectProblem(await gateway.send('DELETE /latch', { body: reason }), 403, 'forbidden', detail);
  });

  it('is named where the origin goes by another URL', async () => {
    const { origin } = await open('a1');
    const gateway = openGateway({ a: origin.url.replace('127.0.0.1', 'localhost') });
    const detail =
      "origin a does not take the gateway's token: see KILLSWITCH_JWKS and KILLSWITCH_PUBLIC_URL there";
    expectProblem(await gateway.send(KILL), 503, 'origins_unavailable', detail);
  });

  it('is not taken by the gateway itself, which would pass it on to all', async () => {
    const { origin } = await open('a1');
    const gateway = openGateway({ a: origin.url }, { KILLSWITCH_JWKS: keySet(gatewayKey) });
    await gateway.send(KILL, { body: {} });
    const [sent] = origin.requests;
    const token = sent?.headers.get('authorization') ?? '';
    expectProblem(await gateway.send(KILL, { token, body: {} }), 401, 'unauthenticated');
    expect(origin.requests).toHaveLength(1);
  });
});

describe('the gateway', () => {
  const whole = { a: 'https://origin.invalid' };

  it.each([
    ['no origin', { KILLSWITCH_ORIGINS: undefined }, 'KILLSWITCH_ORIGINS must be set'],
    ['an empty list of origins', { KILLSWITCH_ORIGINS: '' }, 'KILLSWITCH_ORIGINS must be set'],
    [
      'an origin over plain HTTP',
      { KILLSWITCH_ORIGINS: 'http://hush.example' },
      'KILLSWITCH_ORIGINS must be a list',
    ],
    [
      'an origin with a password',
      { KILLSWITCH_ORIGINS: 'https://u:hush@x.example' },
      'KILLSWITCH_ORIGINS must be a list',
    ],
    [
      'an origin with a path',
      { KILLSWITCH_ORIGINS: 'https://x.example/hush' },
      'KILLSWITCH_ORIGINS must be a list',
    ],
    [
      'an origin that is none',
      { KILLSWITCH_ORIGINS: 'https://x.example,hush' },
      'KILLSWITCH_ORIGINS must be a list',
    ],
    [
      'a name twice',
      { KILLSWITCH_ORIGINS: 'a=https://x.example,a=https://y.example' },
      'KILLSWITCH_ORIGINS must not give two',
    ],
    ['no key', { KILLSWITCH_GATEWAY_KEY: undefined }, 'KILLSWITCH_GATEWAY_KEY must be set'],
    ['a key that is no JSON', { KILLSWITCH_GATEWAY_KEY: 'hush' }, 'KILLSWITCH_GATEWAY_KEY must be JSON'],
    [
      'a public key',
      { KILLSWITCH_GATEWAY_KEY: JSON.stringify({ kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43) }) },
      'KILLSWITCH_GATEWAY_KEY ',
    ],
    [
      'a shared secret as the key',
      { KILLSWITCH_GATEWAY_KEY: '{"kty":"oct","k":"hush"}' },
      'KILLSWITCH_GATEWAY_KEY ',
    ],
    ['a weak secret', { KILLSWITCH_SECRET: 'hush' }, 'KILLSWITCH_SECRET must have at least 32 bytes'],
    ['a key set in a file', { KILLSWITCH_JWKS: '/etc/hush.json' }, 'KILLSWITCH_JWKS must be an https:// URL'],
    ['a list of revocations in a file', { KILLSWITCH_REVOKED: '/etc/hush' }, 'KILLSWITCH_REVOKED must list'],
    [
      'no time for origins',
      { KILLSWITCH_ORIGIN_TIMEOUT: '0' },
      'KILLSWITCH_ORIGIN_TIMEOUT must be from 1s to 60s',
    ],
  ])('refuses everything with %s, and tells the log alone', async (_name, variables, told) => {
    const gateway = openGateway(whole, variables);
    for (const line of [KILL, 'GET /healthz', 'GET /readyz', 'POST /hooks/github', 'GET /nowhere']) {
      expectProblem(await gateway.send(line), 503, 'unconfigured', 'Configuration is missing');
    }
    expect(lines.join()).toContain(told);
    expect(lines.join()).not.toContain('hush');
  });

  it('knows no platform that is not set up', async () => {
    const gateway = openGateway(whole);
    expectProblem(await gateway.send('POST /hooks/github', { body: {}, token: null }), 404, 'not_found');
    expectProblem(await gateway.send('POST /chatops/slack', { body: {}, token: null }), 404, 'not_found');
    expectProblem(await gateway.send('GET /nowhere'), 404, 'not_found');
    expectProblem(await gateway.send('PUT /latch'), 405, 'method_not_allowed');
  });

  it('has the limits and the headers of a careful server', async () => {
    const gateway = openGateway(whole);
    expectProblem(await gateway.send(KILL, { body: 'x'.repeat(70_000) }), 413, 'body_too_large');
    const { status, headers } = await gateway.send('GET /healthz', { token: null });
    expect(status).toBe(200);
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('logs JSON lines without a token or a key', async () => {
    const gateway = openGateway({ a: NOBODY });
    const token = await tokenWith();
    await gateway.send(KILL, { token: await tokenWith({ aud: 'other' }) });
    await gateway.send(KILL, { token });
    for (const line of lines)
      expect(JSON.parse(line)).toMatchObject({ level: expect.any(String), msg: expect.any(String) });
    expect(lines.map(line => JSON.parse(line).msg)).toEqual([
      'A credential was refused',
      'an origin did not answer',
    ]);
    expect(lines.join()).not.toContain(token.slice(7));
    expect(lines.join()).not.toContain('"d":');
  });

  it('names origins that have no name by their place', async () => {
    const { url } = await startStub({ status: 500, body: '' });
    const gateway = openGateway({}, { KILLSWITCH_ORIGINS: `${url}, https://127.0.0.1:1` });
    const detail =
      'origin 1 did not answer: status 500, and not as a killswitch does; origin 2 did not answer';
    expectProblem(await gateway.send(KILL_ALL), 503, 'origins_unavailable', detail);
  });
});
