import { describe, expect, it } from 'vitest';
import { startContainer } from '../services/agents.js';
import { call, settings, startBuiltServer, storeKinds, tokenFor } from '../services/server.js';
import { openWorld } from './world.js';

describe.each(storeKinds)('an operation on %s', store => {
  it('is told from whichever server is asked, also after a restart', async () => {
    const world = await openWorld(store);
    const { agentId } = await world.containerAgent();
    const { body: receipt } = await world.request('POST', '/agents/kill-all', {
      body: { selector: { agentIds: [agentId] }, reason: 'it loops' },
    });
    const path = `/operations/${receipt.operationId}`;
    const here = (await world.request('GET', path)).body;
    expect(here).toMatchObject({
      state: 'ended',
      type: 'kill-all',
      requestedBy: 'tests',
      reason: 'it loops',
      receipt,
    });
    expect(here).not.toHaveProperty('intent');
    await world.close();
    const again = await openWorld(store, world.environment);
    expect((await again.request('GET', path)).body).toEqual(here);
  });

  it('is followed to its end over a real connection', async () => {
    const world = await openWorld(store);
    const { agentId, container } = await world.containerAgent();
    const killing = world.request('POST', `/agents/${agentId}/kill`, {
      body: { graceSeconds: 1 },
    });
    await expect.poll(() => world.log.entries.some(({ phase }) => phase === 'accepted')).toBe(true);
    const operationId = world.log.entries.find(({ phase }) => phase === 'accepted')?.['operationId'];
    const response = await fetch(`${world.url}/operations/${operationId}/events`, {
      headers: { authorization: `Bearer ${await tokenFor()}` },
    });
    const text = await response.text();
    expect(text).toMatch(/^event: progress\ndata: \{.*"state":"running".*\}\n\n/);
    expect(text).toMatch(/event: ended\ndata: \{.*"state":"ended".*"verified":true.*\}\n\n$/);
    expect((await killing).status).toBe(200);
    expect(container.pids()).toEqual([]);
  });

  it('keeps no server from ending', async () => {
    const server = await startBuiltServer(settings(store));
    const { id } = await startContainer({ agentId: 'followed' });
    await call(server.url, 'PUT', '/agents/followed', { body: { status: 'running', containerId: id } });
    const killing = call(server.url, 'POST', '/agents/followed/kill', { body: { graceSeconds: 2 } });
    await expect.poll(() => server.log.some(({ phase }) => phase === 'accepted')).toBe(true);
    const { operationId } = server.log.find(({ phase }) => phase === 'accepted') as { operationId: string };
    const headers = { authorization: `Bearer ${await tokenFor()}` };
    const following = await fetch(`${server.url}/operations/${operationId}/events`, { headers });
    server.signal('SIGTERM');
    const told = await following.text();
    expect(told).toContain('event: progress');
    expect(told).not.toContain('event: ended');
    expect((await killing).status).toBe(200);
    expect(await server.ended).toBe(0);
  });

  it('is the same for 20 requests with one key, at two servers', async () => {
    const environment = settings(store);
    const servers = await Promise.all([startBuiltServer(environment), startBuiltServer(environment)]);
    const container = await startContainer({ agentId: 'keyed' });
    const record = { status: 'running', containerId: container.id };
    await call(servers[0].url, 'PUT', '/agents/keyed', { body: record });
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        call(servers[index % 2]?.url ?? '', 'POST', '/agents/keyed/kill', {
          headers: { 'idempotency-key': 'k1' },
        }),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(container.pids()).toEqual([]);
    const other = { body: { reason: 'another' }, headers: { 'idempotency-key': 'k1' } };
    expect((await call(servers[1].url, 'POST', '/agents/keyed/kill', other)).body).toMatchObject({
      status: 409,
      code: 'idempotency_mismatch',
    });
  });
});
