import { Redis } from 'ioredis';
import { describe, expect, inject, it } from 'vitest';
import { engine, startContainer } from '../services/agents.js';
import { call, settings, startBuiltServer, storeKinds } from '../services/server.js';
import { openWorld } from './world.js';

describe.each(storeKinds)('two servers on one %s', store => {
  it('let exactly one of 50 concurrent kills win; the others get its receipt or 400', async () => {
    const environment = settings(store);
    const servers = await Promise.all([startBuiltServer(environment), startBuiltServer(environment)]);
    const { url } = servers[0];
    const container = await startContainer({ agentId: 'contended' });
    await call(url, 'PUT', '/agents/contended', { body: { status: 'running', containerId: container.id } });

    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        call(servers[index % 2]?.url ?? '', 'POST', '/agents/contended/kill'),
      ),
    );
    const receipts = answers.filter(({ status }) => status === 200 || status === 202);
    const refused = answers.filter(({ status }) => status === 400);
    expect(receipts.length + refused.length).toBe(50);
    expect(new Set(receipts.map(({ body }) => body.operationId)).size).toBe(1);
    expect(new Set(refused.map(({ body }) => body.code))).toEqual(
      new Set(refused.length > 0 ? ['invalid_state'] : []),
    );
    expect(container.pids()).toEqual([]);
    await expect(engine().getContainer(container.id).inspect()).rejects.toMatchObject({ statusCode: 404 });

    const record = (await call(url, 'GET', '/agents/contended')).body;
    expect(record.kill.operationId).toBe(receipts[0]?.body.operationId);
    const accepted = servers
      .flatMap(({ log }) => log)
      .filter(entry => entry['operation'] === 'KILL_AGENT' && entry['phase'] === 'accepted');
    expect(accepted).toHaveLength(1);
  });
});

describe('a record that another program wrote', () => {
  it('is killed and keeps every member that is not ours, big integers and empty arrays included', async () => {
    const world = await openWorld('valkey');
    const client = new Redis(inject('redisUrl'));
    const key = `${world.environment['KILLSWITCH_KEY_PREFIX']}agent:foreign`;
    const raw =
      '{ "queue": [], "cost":12345678901234567890, "status" :"running", "nested": {"a": [1.0, {}]} }';
    await client.set(key, raw);
    await client.set(`${world.environment['KILLSWITCH_KEY_PREFIX']}agent:broken`, '{not json');

    const { status, body } = await world.request('POST', '/agents/kill-all');
    expect(status).toBe(202);
    expect(body).toMatchObject({
      total: 2,
      killed: 1,
      failed: 1,
      errors: [expect.stringContaining('broken')],
    });
    const text = (await client.get(key)) ?? '';
    expect(
      text.startsWith(
        '{ "queue": [], "cost":12345678901234567890, "status" :"killed", "nested": {"a": [1.0, {}]}',
      ),
    ).toBe(true);
    expect((await world.request('GET', '/agents/foreign')).text).toContain('12345678901234567890');
    expect((await world.request('GET', '/agents')).body.agents).toContainEqual(
      expect.objectContaining({ agentId: 'broken', status: 'unreadable' }),
    );
    expect(await client.get(`${world.environment['KILLSWITCH_KEY_PREFIX']}agent:broken`)).toBe('{not json');
    await client.quit();
  });
});
