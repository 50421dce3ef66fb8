import { expect, it } from 'vitest';
import { socketFetch } from '../../functions/cli/socket-fetch.js';
import { createClient } from '../../lib/client/client.js';
import { call, settings, startBuiltServer, tokenFor } from '../services/server.js';
import { runCli } from './cli-run.js';

const KILL_ALL = '/agents/kill-all';

it('tells in the audit where each order came from: the port, a proxy, the socket, this process', async () => {
  const own = { KILLSWITCH_SANDBOX: 'none', KILLSWITCH_TRUSTED_PROXIES: '127.0.0.1' };
  const environment = settings('sqlite', own);
  const { url } = await startBuiltServer(environment);
  await call(url, 'POST', KILL_ALL, { body: { reason: 'by the port' } });
  const headers = { 'x-forwarded-for': '6.6.6.6, 203.0.113.7' };
  await call(url, 'POST', KILL_ALL, { body: { reason: 'by a proxy' }, headers });
  const fetch = socketFetch(`${environment['KILLSWITCH_STATE_DIR']}/killswitch.sock`);
  const client = createClient({ url: 'http://localhost', fetch, token: await tokenFor() });
  await client.killAll({ reason: 'by the socket' });
  await runCli(['kill-all', '--local', '--reason', 'in this process'], { ...environment });
  const { body } = await call(url, 'GET', '/audit');
  const told = (body.entries as { reason: string; source: string }[]).map(
    ({ reason, source }) => `${reason}: ${source}`,
  );
  expect(new Set(told)).toEqual(
    new Set([
      'by the port: 127.0.0.1',
      'by a proxy: 203.0.113.7',
      'by the socket: socket',
      'in this process: local',
    ]),
  );
});

it('trusts no proxy that is not named', async () => {
  const { url } = await startBuiltServer(settings('sqlite', { KILLSWITCH_SANDBOX: 'none' }));
  const headers = { 'x-forwarded-for': '203.0.113.7' };
  await call(url, 'POST', KILL_ALL, { body: {}, headers });
  const { body } = await call(url, 'GET', '/audit');
  expect(body.entries).toMatchObject([{ source: '127.0.0.1' }, { source: '127.0.0.1' }]);
});
