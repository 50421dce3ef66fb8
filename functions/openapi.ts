import { Hono } from 'hono';
import { once } from './docs/once.js';
import type { Env, KillswitchFunction } from './http/function.js';
import { runAlone } from './server/run-alone.js';

/** Made when it is first asked for, and loaded then too: no start waits for it. */
async function encode(): Promise<Uint8Array<ArrayBuffer>> {
  const { describeApi } = await import('./openapi/document.js');
  return new TextEncoder().encode(JSON.stringify(describeApi()));
}

/** `/openapi.json`: the HTTP contract, from the schemas that the requests are checked with. */
export const openapi: KillswitchFunction = {
  name: 'openapi',
  routes: () => {
    // Those who ask for it a thousand times and never read share one copy.
    const document = once(encode);
    return new Hono<Env>().get('/openapi.json', async c =>
      c.body(await document(), 200, { 'content-type': 'application/json' }),
    );
  },
};

await runAlone(openapi);
