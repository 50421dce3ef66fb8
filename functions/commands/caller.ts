import type { Context } from 'hono';
import { digest } from '../../lib/store/idempotency.js';
import type { Env } from '../http/function.js';
import type { Caller } from './executor.js';

/** The caller of this request. Two requests are the same if their method, path and bytes are. */
export function callerOf(c: Context<Env>): Caller {
  const actor = c.get('actor');
  return {
    actor,
    requestId: c.get('requestId'),
    fingerprint: async () => {
      const body = new Uint8Array(await c.req.arrayBuffer());
      return digest(c.req.method, c.req.path, body, JSON.stringify(actor.within));
    },
  };
}

/** The `Idempotency-Key` header, as an option of a command. */
export function keyOf(c: Context<Env>): { readonly idempotencyKey?: string } {
  const idempotencyKey = c.req.header('idempotency-key');
  return idempotencyKey === undefined ? {} : { idempotencyKey };
}
