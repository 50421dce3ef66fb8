import { Hono } from 'hono';
import { scanFor } from '../lib/discovery/scan-for.js';
import type { Env, KillswitchFunction } from './http/function.js';
import { authenticated } from './http/request.js';
import { runAlone } from './server/run-alone.js';

/** What runs on this host that looks like an agent, registered or not. Changes nothing. */
export const scan: KillswitchFunction = {
  name: 'scan',
  routes: deps =>
    new Hono<Env>().get('/scan', authenticated(deps), async c =>
      c.json(await scanFor(deps.core, c.get('actor'), deps.scan)),
    ),
};

await runAlone(scan);
