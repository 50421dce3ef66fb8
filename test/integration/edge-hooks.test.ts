import { expect, it } from 'vitest';
import { signHmac, utf8 } from '../../lib/util/crypto.js';
import { startContainer } from '../services/agents.js';
import { makeGatewayKey, startGateway } from '../services/gateway.js';
import { call, settings, startBuiltServer } from '../services/server.js';

const KEY = utf8('a key of 24 bytes or more');
const SECRET = `whsec_${Buffer.from(KEY).toString('base64')}`;

/** A delivery as https://www.standardwebhooks.com describes it. */
async function deliver(url: string, id: string, event: object, key: Uint8Array = KEY) {
  const body = JSON.stringify(event);
  const timestamp = `${Math.floor(Date.now() / 1000)}`;
  const signature = Buffer.from(await signHmac(key, utf8(`${id}.${timestamp}.${body}`))).toString('base64');
  const response = await fetch(`${url}/hooks/standard`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': `v1,${signature}`,
    },
    body,
  });
  return { status: response.status, body: await response.json() };
}

it('stops a container by a signed webhook at the edge, once for each delivery', async () => {
  const { file, secret } = await makeGatewayKey();
  const label = `edge-hooks-${process.pid}`;
  const own = { KILLSWITCH_AGENT_LABEL: label, KILLSWITCH_SANDBOX: 'docker', KILLSWITCH_JWKS: file };
  const origin = await startBuiltServer(settings('sqlite', own));
  const url = await startGateway(`a=${origin.url}`, secret, {
    KILLSWITCH_WEBHOOK_SECRET: SECRET,
    KILLSWITCH_SECRET: '',
    KILLSWITCH_ORIGIN_TIMEOUT: '2s',
  });
  const container = await startContainer({ agentId: 'a1', label });
  const record = { status: 'running', containerId: container.id };
  await call(origin.url, 'PUT', '/agents/a1', { body: record });
  const event = { type: 'killswitch.kill', data: { agentId: 'a1', reason: 'budget' } };

  expect((await deliver(url, 'm1', event, utf8('another key of 24 bytes or more'))).status).toBe(401);
  expect((await call(url, 'POST', '/hooks/github')).status).toBe(404);
  expect((await call(url, 'POST', '/agents/a1/kill')).status).toBe(401);
  expect(container.pids()).not.toEqual([]);

  const first = await deliver(url, 'm1', event);
  expect(first).toMatchObject({
    status: 200,
    body: { answers: [{ status: 200, body: { agentId: 'a1', verified: true, origins: [{ name: 'a' }] } }] },
  });
  expect(container.pids()).toEqual([]);
  const again = await deliver(url, 'm1', event);
  expect(again).toMatchObject({ status: 200, body: { answers: [{ status: 200 }] } });
  const { body } = await call(origin.url, 'GET', '/agents/a1');
  expect(body).toMatchObject({ status: 'killed', kill: { requestedBy: 'webhook', reason: 'budget' } });

  origin.signal('SIGSTOP');
  const lost = await deliver(url, 'm2', event);
  expect(lost).toMatchObject({ status: 503, body: { answers: [{ body: { code: 'origins_unavailable' } }] } });
  origin.signal('SIGCONT');
});
