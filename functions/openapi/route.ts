import { Hono } from 'hono';
import { once } from '../docs/once.js';
import type { Env } from '../http/function.js';

/** Loaded and made at the first request, so that it does not slow the start. */
async function encode(): Promise<Uint8Array<ArrayBuffer>> {
  const { describeApi } = await import('./document.js');
  return new TextEncoder().encode(JSON.stringify(describeApi()));
}

/** `GET /openapi.json`. */
export function openApiRoute(): Hono<Env> {
  // One shared copy, so that many requests whose answers are never read do not use up memory.
  const document = once(encode);
  return new Hono<Env>().get('/openapi.json', async c =>
    c.body(await document(), 200, { 'content-type': 'application/json' }),
  );
}
