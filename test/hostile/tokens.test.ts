import { expect, it } from 'vitest';
import { mintToken } from '../../lib/adapters/jose/mint.js';
import { isLong } from '../faults/random.helper.js';
import { call, settings, startBuiltServer, tokenFor } from '../services/server.js';

const FLOOD = isLong ? 10_000 : 2_000;
const AT_ONCE = 100;
const KILLS = 25;

/** A token that looks like a good one and was signed by somebody else; each is another one. */
const forge = () =>
  mintToken({
    secret: 'a secret that somebody else has made up for himself',
    audience: 'killswitch',
    subject: 'tests',
    scopes: ['agents:kill', 'agents:kill-all'],
    ttlSeconds: 600,
  });

it(`takes every kill with a token that holds among ${FLOOD} that do not, all from one address`, async () => {
  const { url } = await startBuiltServer(settings('sqlite', { KILLSWITCH_SANDBOX: 'none' }));
  const again = await forge();
  const refusals = new Map<number, number>();
  let sent = 0;
  let isOver = false;
  const flood = async (): Promise<void> => {
    while (sent < FLOOD || !isOver) {
      sent += 1;
      const token = sent % 2 ? await forge() : again;
      const { status } = await call(url, 'POST', '/agents/kill-all', { token, body: {} });
      refusals.set(status, (refusals.get(status) ?? 0) + 1);
    }
  };
  const statuses: number[] = [];
  const kills = async (): Promise<void> => {
    for (let at = 0; at < KILLS; at++) {
      // Each with a token that this server has not seen yet.
      const token = await tokenFor(['agents:kill']);
      statuses.push((await call(url, 'POST', `/agents/a${at}/kill`, { token })).status);
    }
  };
  for (let at = 0; at < KILLS; at++)
    await call(url, 'PUT', `/agents/a${at}`, { body: { status: 'running' } });
  const floods = Array.from({ length: AT_ONCE }, flood);
  await kills();
  isOver = true;
  await Promise.all(floods);
  expect(statuses).toEqual(Array(KILLS).fill(200));
  expect([...refusals.keys()].sort()).toEqual([401, 429]);
  expect(refusals.get(429)).toBeGreaterThan(FLOOD * 0.9);
  expect((await call(url, 'GET', '/agents?status=running')).body.agents).toEqual([]);
}, 300_000);
