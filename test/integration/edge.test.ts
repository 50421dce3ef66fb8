import { beforeAll, describe, expect, it } from 'vitest';
import { mintToken } from '../../lib/adapters/jose/mint.js';
import { scopes } from '../../lib/domain/actor.js';
import { utf8 } from '../../lib/util/crypto.js';
import { makeKey } from '../fakes/identity-provider.js';
import { startContainer } from '../services/agents.js';
import { makeGatewayKey, startGateway } from '../services/gateway.js';
import {
  call,
  type Environment,
  type ServerProcess,
  type StoreKind,
  settings,
  startBuiltServer,
  tokenFor,
} from '../services/server.js';

import { freePort } from './valkey-servers.js';

let gatewayKey: Awaited<ReturnType<typeof makeGatewayKey>>;
beforeAll(async () => {
  gatewayKey = await makeGatewayKey();
});

let labels = 0;

/** A host that trusts the gateway, in a process of its own; its agents carry a label of their own. */
async function startOrigin(store: StoreKind = 'sqlite', more: Environment = {}) {
  const label = more['KILLSWITCH_AGENT_LABEL'] ?? `edge-${process.pid}-${labels++}`;
  const port = await freePort();
  const own = {
    PORT: `${port}`,
    KILLSWITCH_PUBLIC_URL: `http://127.0.0.1:${port}`,
    KILLSWITCH_AGENT_LABEL: label,
    KILLSWITCH_SANDBOX: 'docker',
    KILLSWITCH_JWKS: gatewayKey.file,
  };
  const server: ServerProcess = await startBuiltServer(settings(store, { ...own, ...more }));
  return {
    ...server,
    /** A registered agent in a container. */
    async agent(agentId: string, members: object = {}) {
      const container = await startContainer({ agentId, label });
      const body = { status: 'running', containerId: container.id, ...members };
      expect((await call(server.url, 'PUT', `/agents/${agentId}`, { body })).status).toBe(201);
      return container;
    },
  };
}

describe('the gateway, in the runtime of Cloudflare Workers', () => {
  it("stops a container behind a real origin, in the caller's name", async () => {
    const origin = await startOrigin();
    const url = await startGateway(`a=${origin.url}`, gatewayKey.secret);
    const container = await origin.agent('a1');

    const reader = await tokenFor(['agents:read']);
    expect((await call(url, 'POST', '/agents/a1/kill', { token: reader })).status).toBe(403);
    expect((await call(url, 'POST', '/agents/a1/kill', { token: 'forged' })).status).toBe(401);
    expect(container.pids()).not.toEqual([]);

    const answer = await call(url, 'POST', '/agents/a1/kill', { body: { reason: 'runaway' } });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      message: 'Agent a1 killed successfully',
      verified: true,
      origins: [{ name: 'a', status: 200 }],
    });
    expect(container.pids()).toEqual([]);
    const record = await call(url, 'GET', '/agents/a1');
    expect(record.body).toMatchObject({
      status: 'killed',
      kill: { requestedBy: 'tests', reason: 'runaway' },
    });
    const operation = await call(url, 'GET', `/operations/${answer.body.operationId}`);
    expect(operation.body).toMatchObject({ state: 'ended', requestedBy: 'tests' });
    expect((await call(url, 'POST', '/agents/a1/kill')).status).toBe(400);
  });

  it('is ready when its origins are', async () => {
    const origin = await startOrigin();
    const url = await startGateway(`a=${origin.url}`, gatewayKey.secret);
    expect((await call(url, 'GET', '/healthz')).body).toEqual({ status: 'ok' });
    expect((await call(url, 'GET', '/readyz')).body).toMatchObject({
      status: 'ready',
      ports: [
        { name: 'origin a', ok: true },
        { name: 'tokens', ok: true },
      ],
    });
    origin.signal('SIGKILL');
    await origin.ended;
    expect(await call(url, 'GET', '/readyz')).toMatchObject({
      status: 503,
      body: { ports: [{ name: 'origin a', ok: false, detail: 'it does not answer' }, { ok: true }] },
    });
  });

  it('refuses everything while its key is missing', async () => {
    const url = await startGateway('a=https://origin.invalid', '');
    for (const path of ['/healthz', '/agents', '/hooks/github']) {
      expect(await call(url, 'GET', path)).toMatchObject({ status: 503, body: { code: 'unconfigured' } });
    }
  });

  it('does not wait for a frozen host: it is named, and pays when it is back', async () => {
    const [a, b] = await Promise.all([startOrigin(), startOrigin()]);
    const origins = `a=${a.url},b=${b.url}`;
    const url = await startGateway(origins, gatewayKey.secret, { KILLSWITCH_ORIGIN_TIMEOUT: '2s' });
    const [here, there] = [await a.agent('a1'), await b.agent('b1')];

    b.signal('SIGSTOP');
    const { status, body } = await call(url, 'POST', '/agents/kill-all', { body: {} });
    expect(status).toBe(202);
    expect(body).toMatchObject({
      message: '1 of 1 agent killed, not every agent was reached; origin b did not answer',
      verified: false,
      incomplete: true,
      killed: 1,
      errors: ['origin b did not answer'],
      origins: [{ name: 'a', status: 200 }, { name: 'b' }],
      agents: [{ agentId: 'a1', verified: true }],
    });
    expect(here.pids()).toEqual([]);
    expect(there.pids()).not.toEqual([]);
    expect(await call(url, 'POST', '/agents/b1/kill')).toMatchObject({
      status: 503,
      body: { code: 'origins_unavailable', detail: 'origin b did not answer; origin a: Unknown agent b1' },
    });

    b.signal('SIGCONT');
    await expect.poll(() => there.pids()).toEqual([]);
    await expect
      .poll(async () => (await call(url, 'POST', '/agents/kill-all', { body: {} })).status)
      .toBe(200);
  });

  it('merges what hosts on one store say about the same agents', async () => {
    const shared = settings('valkey');
    const label = `edge-${process.pid}-shared`;
    const [a, b] = await Promise.all(
      ['h1', 'h2'].map(host =>
        startOrigin('valkey', {
          KILLSWITCH_STORE: shared['KILLSWITCH_STORE'] ?? '',
          KILLSWITCH_KEY_PREFIX: shared['KILLSWITCH_KEY_PREFIX'] ?? '',
          KILLSWITCH_HOST_ID: host,
          KILLSWITCH_AGENT_LABEL: label,
        }),
      ),
    );
    if (!a || !b) throw new Error('unreachable');
    const url = await startGateway(`a=${a.url},b=${b.url}`, gatewayKey.secret);
    const containers = [await a.agent('a1', { host: 'h1' }), await b.agent('b1', { host: 'h2' })];

    const { status, body } = await call(url, 'POST', '/agents/kill-all', { body: {} });
    expect([200, 202]).toContain(status);
    expect(body.total).toBe(2);
    expect(body.agents.map((agent: { agentId: string }) => agent.agentId).sort()).toEqual(['a1', 'b1']);
    const alive = containers.filter(container => container.pids().length > 0);
    if (status === 200 || body.verified) expect(alive).toEqual([]);
    await expect.poll(() => containers.flatMap(container => container.pids())).toEqual([]);
    await expect
      .poll(async () => (await call(url, 'POST', '/agents/b1/kill')).body)
      .toMatchObject({ code: 'invalid_state' });
  });
});

describe("an order of the gateway's, at an origin", () => {
  const path = '/agents/a1/kill';
  const order = {
    subject: 'tests',
    scopes,
    audience: 'killswitch',
    ttlSeconds: 60,
    once: true,
    via: 'gateway',
  };

  it('is taken once, for its own request, and from the gateway alone', async () => {
    const origin = await startOrigin();
    const container = await origin.agent('a1');
    const body = '{"dryRun":true}';
    const request = { method: 'POST', path, body: utf8(body) };
    const privateJwk = JSON.parse(gatewayKey.secret);
    const mint = (more: object = {}) =>
      mintToken({ ...order, privateJwk, request, recipient: origin.url, ...more });
    const send = async (token: string, to = path, text = body, method = 'POST') =>
      (await call(origin.url, method, to, { token, body: text })).status;

    const token = await mint();
    expect(await send(token, path, '{}')).toBe(401);
    expect(await send(token, '/agents/kill-all')).toBe(401);
    expect(await send(token, `${path}?x`)).toBe(401);
    expect(await send(token, '/agents/a1', body, 'PATCH')).toBe(401);
    const [head, claims = '', signature] = token.split('.');
    const { req: _, ...loosed } = JSON.parse(Buffer.from(claims, 'base64url').toString());
    const loose = Buffer.from(JSON.stringify(loosed)).toString('base64url');
    expect(await send(`${head}.${loose}.${signature}`)).toBe(401);
    const stranger = await makeKey('EdDSA', 'gateway');
    expect(await send(await mint({ privateJwk: { ...stranger.privateJwk } }))).toBe(401);

    expect(await send(await mint({ recipient: 'https://b.example' }))).toBe(401);
    expect(await send(token)).toBe(200);
    expect(await send(token)).toBe(401);
    expect(await send(await mint({ scopes: [] }))).toBe(403);
    expect(container.pids()).not.toEqual([]);
  });
});
