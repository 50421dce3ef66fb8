import { Hono } from 'hono';
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
    let document: Promise<Uint8Array<ArrayBuffer>> | undefined;
    return new Hono<Env>().get('/openapi.json', async c => {
      // Tried again by the next one who asks, where it could not be loaded.
      document ??= encode().catch(error => {
        document = undefined;
        throw error;
      });
      return c.body(await document, 200, { 'content-type': 'application/json' });
    });
  },
};

await runAlone(openapi);
