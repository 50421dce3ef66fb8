import { setTimeout as delay } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { expect, it } from 'vitest';
import type { Event } from '../../lib/notify/event.js';
import { openListener } from '../services/listener.js';
import { call, settings, startBuiltServer, storeKinds } from '../services/server.js';
import { isLong } from './random.helper.js';

const KEY = Buffer.alloc(32, 7).toString('base64');
/** Milliseconds. */
const OUTAGE = isLong ? 60_000 : 1_500;
const KILLS = 6;

it.each(storeKinds)(
  `tells a target that was down for ${OUTAGE / 1000} s of every stop, in order, with records in %s`,
  async store => {
    const listener = await openListener();
    const { url } = await startBuiltServer(
      settings(store, {
        KILLSWITCH_SANDBOX: 'none',
        KILLSWITCH_NOTIFY_OPS_URL: listener.url,
        KILLSWITCH_NOTIFY_OPS_SECRET: `whsec_${KEY}`,
      }),
    );
    /** Verified by the official library; each once, however often it came. */
    const told = (): Event[] => {
      const events = listener.got.map(({ body, headers }) => {
        const event = new Webhook(KEY).verify(body, headers as Record<string, string>) as Event;
        return [headers['webhook-id'], event] as const;
      });
      return [...new Map(events).values()];
    };
    const ready = async () => (await call(url, 'GET', '/readyz')).body.status;
    await expect.poll(ready).toBe('ready');

    await listener.down();
    const agents = Array.from({ length: KILLS }, (_, n) => `a${n}`);
    for (const agentId of agents) {
      await call(url, 'PUT', `/agents/${agentId}`, { body: { status: 'running' } });
      expect((await call(url, 'POST', `/agents/${agentId}/kill`)).status).toBe(200);
      await delay(OUTAGE / KILLS);
    }
    expect(await ready()).toBe('degraded');
    await listener.up();
    const wanted = agents.flatMap(id => [`killswitch.activated ${id}`, `killswitch.settled ${id}`]);
    await expect
      .poll(() => told().map(({ type, data }) => `${type} ${data.agentId}`), {
        timeout: 90_000,
        interval: 250,
      })
      .toEqual(wanted);
    await expect.poll(ready).toBe('ready');
  },
  180_000,
);
