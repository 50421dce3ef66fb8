import { type Context, Hono } from 'hono';
import type { Actor } from '../../lib/domain/actor.js';
import { STOPPING } from '../../lib/domain/authorize.js';
import type { Authenticator } from '../../lib/ports/authenticator.js';
import type { Env, KillswitchFunction } from '../http/function.js';
import { authenticated } from '../http/request.js';
import { AGENT, agentParam, OPERATION, operationParam } from '../http/validate.js';
import type { Forward, Parcel } from './forward.js';

export interface GatewayDeps {
  readonly authenticator: Authenticator;
  readonly forward: Forward;
}

/**
 * The gateway keeps no list of used single-use tokens, so an actor with such a token may only stop agents; so may one
 * whose request was already forwarded by a gateway.
 */
const restricted = (actor: Actor): Actor =>
  actor.unconfirmed || actor.unaddressed
    ? { ...actor, scopes: new Set([...actor.scopes].filter(scope => STOPPING.has(scope))) }
    : actor;

const PASSED_ON = ['content-type', 'idempotency-key'];

function headersOf(c: Context<Env>): Record<string, string> {
  const given = PASSED_ON.map(name => [name, c.req.header(name)]);
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

/**
 * The HTTP API of the origins, for callers with tokens. The token is verified here and the request is forwarded in the
 * caller's name, with its scopes and narrowing. The origins check the body.
 */
export const gateway: KillswitchFunction<GatewayDeps> = {
  name: 'gateway',
  routes: deps => {
    const pass = async (c: Context<Env>, method: Parcel['method'], path: string): Promise<Response> => {
      const body = method === 'GET' ? new Uint8Array() : new Uint8Array(await c.req.arrayBuffer());
      const parcel = { method, path, body, headers: headersOf(c) };
      const answered = await deps.forward(restricted(c.get('actor')), parcel, c.get('requestId'));
      const type = answered.status < 400 ? 'application/json' : 'application/problem+json';
      return c.body(JSON.stringify(answered.body), answered.status as 200, { 'content-type': type });
    };
    const queryOf = (c: Context<Env>): string => new URL(c.req.url).search;
    return new Hono<Env>()
      .post(`${AGENT}/kill`, authenticated(deps), agentParam, c =>
        pass(c, 'POST', `/agents/${encodeURIComponent(c.req.valid('param').agentId)}/kill`),
      )
      .post('/agents/kill-all', authenticated(deps), c => pass(c, 'POST', '/agents/kill-all'))
      .get('/latch', authenticated(deps), c => pass(c, 'GET', '/latch'))
      .post('/latch', authenticated(deps), c => pass(c, 'POST', '/latch'))
      .delete('/latch', authenticated(deps), c => pass(c, 'DELETE', '/latch'))
      .get(OPERATION, authenticated(deps), operationParam, c =>
        pass(c, 'GET', `/operations/${c.req.valid('param').operationId}`),
      )
      .get('/agents', authenticated(deps), c => pass(c, 'GET', `/agents${queryOf(c)}`))
      .get(AGENT, authenticated(deps), agentParam, c =>
        pass(c, 'GET', `/agents/${encodeURIComponent(c.req.valid('param').agentId)}`),
      );
  },
};
