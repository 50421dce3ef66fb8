import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import type { Event } from '../../lib/notify/event.js';
import { type Listener, openListener } from '../services/listener.js';
import {
  call,
  type Environment,
  type ServerProcess,
  settings,
  startBuiltServer,
  storeKinds,
} from '../services/server.js';

const KEY = Buffer.alloc(32, 5).toString('base64');

/** An installation of its own that tells this listener, and stops nothing real: its agents are records. */
const telling = (
  store: (typeof storeKinds)[number],
  listener: Listener,
  more: Environment = {},
): Environment =>
  settings(store, {
    KILLSWITCH_SANDBOX: 'none',
    KILLSWITCH_NOTIFY_OPS_URL: `${listener.url}/s3cret`,
    KILLSWITCH_NOTIFY_OPS_SECRET: `whsec_${KEY}`,
    ...more,
  });

const register = (url: string, agentId: string) =>
  call(url, 'PUT', `/agents/${agentId}`, { body: { status: 'running' } });
const kill = (url: string, agentId: string) => call(url, 'POST', `/agents/${agentId}/kill`);
const probeOf = async (url: string, name: string) =>
  (await call(url, 'GET', '/readyz')).body.ports.find((port: { name: string }) => port.name === name);

/** Verified by the official library. */
const told = (listener: Listener): Event[] =>
  listener.got.map(({ body, headers }) => new Webhook(KEY).verify(body, headers as Environment) as Event);
const activated = (events: readonly Event[]) =>
  events.filter(({ type }) => type === 'killswitch.activated').map(({ data }) => data.agentId);

/** It knows the receiver from now on, so nothing after this goes untold. */
async function ready(server: ServerProcess): Promise<void> {
  await expect.poll(async () => (await probeOf(server.url, 'notify:OPS'))?.ok).toBe(true);
}

describe.each(storeKinds)('notifications, with %s', store => {
  it('reach a target that was down, once each and in order, when it is back', async () => {
    const listener = await openListener();
    const server = await startBuiltServer(telling(store, listener));
    await ready(server);
    await register(server.url, 'first');
    await kill(server.url, 'first');
    await expect.poll(() => activated(told(listener))).toEqual(['first']);
    await listener.down();
    const agents = ['a1', 'a2', 'a3'];
    for (const agentId of agents) {
      await register(server.url, agentId);
      expect((await kill(server.url, agentId)).status).toBe(200);
    }
    await expect
      .poll(() => probeOf(server.url, 'notify:OPS'))
      .toMatchObject({
        ok: false,
        detail: expect.stringContaining('it cannot be reached'),
      });
    const readiness = await call(server.url, 'GET', '/readyz');
    expect([readiness.status, readiness.body.status]).toEqual([200, 'degraded']);
    const metrics = await call(server.url, 'GET', '/metrics');
    expect(metrics.text).toMatch(/^killswitch_notifications_total\{target="OPS",result="failed"\} [1-9]/m);
    expect(metrics.text).toMatch(/^killswitch_notification_lag_seconds\{target="OPS"\} (0\.\d|[1-9])/m);
    expect(metrics.text).toMatch(/^killswitch_kills_total\{result="accepted"\} 4$/m);
    expect(readiness.text + metrics.text).not.toContain('s3cret');
    await listener.up();
    await expect.poll(() => activated(told(listener))).toEqual(['first', ...agents]);
    await expect.poll(() => probeOf(server.url, 'notify:OPS')).toMatchObject({ ok: true });
    expect(JSON.stringify(server.log)).not.toMatch(/s3cret|whsec_/);
  });

  it('of what was committed before a kill -9 are sent by the next process', async () => {
    const listener = await openListener();
    const environment = telling(store, listener);
    const first = await startBuiltServer(environment);
    await ready(first);
    await register(first.url, 'a1');
    await listener.down();
    await kill(first.url, 'a1');
    first.signal('SIGKILL');
    await first.ended;
    await listener.up();
    await startBuiltServer(environment);
    // The one that died may have been sending, and is left the time for that.
    await expect.poll(() => activated(told(listener)), { timeout: 25_000 }).toEqual(['a1']);
    await expect
      .poll(() => told(listener).map(({ type }) => type))
      .toEqual(['killswitch.activated', 'killswitch.settled']);
  });
});

describe('notifications', () => {
  it('are sent once by two servers on one store', async () => {
    const listener = await openListener();
    const environment = telling('valkey', listener);
    const servers = await Promise.all([
      startBuiltServer(environment),
      startBuiltServer({ ...environment, KILLSWITCH_STATE_DIR: `${environment['KILLSWITCH_STATE_DIR']}/2` }),
    ]);
    await Promise.all(servers.map(ready));
    const agents = Array.from({ length: 20 }, (_, n) => `a${n}`);
    for (const [index, agentId] of agents.entries()) {
      const { url } = servers[index % 2] as ServerProcess;
      await register(url, agentId);
      await kill(url, agentId);
    }
    await expect.poll(() => new Set(activated(told(listener))).size).toBe(20);
    await expect.poll(() => new Set(listener.got.map(({ headers }) => headers['webhook-id'])).size).toBe(40);
    expect(listener.got.length).toBeLessThan(44);
  });

  it('that hang delay no stop and no other target, and tell a chat of a kill-all in two messages', async () => {
    const [listener, hanging, chat] = await Promise.all([openListener(), openListener(), openListener()]);
    hanging.answer(() => undefined);
    const server = await startBuiltServer(
      telling('sqlite', listener, {
        KILLSWITCH_NOTIFY_HANGS_URL: hanging.url,
        KILLSWITCH_NOTIFY_HANGS_SECRET: `whsec_${KEY}`,
        KILLSWITCH_NOTIFY_CHAT_URL: chat.url,
        KILLSWITCH_NOTIFY_CHAT_KIND: 'slack',
      }),
    );
    await ready(server);
    await expect.poll(async () => (await probeOf(server.url, 'notify:CHAT'))?.ok).toBe(true);
    const agents = Array.from({ length: 20 }, (_, n) => `a${n}`);
    for (const agentId of agents) await register(server.url, agentId);
    await kill(server.url, 'a0');
    await expect.poll(() => hanging.got.length).toBe(1);
    const all = await call(server.url, 'POST', '/agents/kill-all', { body: { reason: 'drill' } });
    expect(all.body).toMatchObject({ total: 19, killed: 19 });
    await expect.poll(() => activated(told(listener))).toHaveLength(21);
    await expect.poll(() => chat.got.length).toBe(4);
    expect(chat.got.slice(2).map(({ body }) => JSON.parse(body).text.split('\n')[0])).toEqual([
      'Stop accepted: every agent',
      'Killed, and nothing is left to do: 19 of 19 agents',
    ]);
    expect(hanging.got).toHaveLength(1);
  });

  it('that are set up wrongly keep the process from starting, with a sentence for each', async () => {
    const wrong = settings('sqlite', {
      KILLSWITCH_NOTIFY_OPS_URL: 'http://ops.example/s3cret',
      KILLSWITCH_NOTIFY_OPS_SECRET: 'hunter2',
    });
    const failure = await startBuiltServer(wrong).catch((error: Error) => error.message);
    expect(failure).toContain('- KILLSWITCH_NOTIFY_OPS_URL must be an https:// URL');
    expect(failure).toContain('- KILLSWITCH_NOTIFY_OPS_SECRET must be whsec_');
    expect(failure).not.toMatch(/s3cret|hunter2/);
  });
});
