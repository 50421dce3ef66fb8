import { Hono } from 'hono';
import { once } from './docs/once.js';
import type { Env, KillswitchFunction } from './http/function.js';
import { runAlone } from './server/run-alone.js';

/** Loaded and made at the first request, so that it does not slow the start. */
async function encode(): Promise<Uint8Array<ArrayBuffer>> {
  const { describeApi } = await import('./openapi/document.js');
  return new TextEncoder().encode(JSON.stringify(describeApi()));
}

/** `/openapi.json`: the HTTP API, from the schemas that requests are checked with. */
export const openapi: KillswitchFunction = {
  name: 'openapi',
  routes: () => {
    // One shared copy, so that many requests whose answers are never read do not use up memory.
    const document = once(encode);
    return new Hono<Env>().get('/openapi.json', async c =>
      c.body(await document(), 200, { 'content-type': 'application/json' }),
    );
  },
};

await runAlone(openapi);
