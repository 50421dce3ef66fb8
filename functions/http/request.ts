import type { Context, MiddlewareHandler } from 'hono';
import type { Actor } from '../../lib/domain/actor.js';
import { KillswitchError } from '../../lib/domain/errors.js';
import type { ShownWith } from '../../lib/ports/authenticator.js';
import type { Deps, Env } from './function.js';
import { trust } from './trusted-caller.js';

/**
 * The path and query as sent. On Node that is the request line, because a URL is normalised; it may hold a whole URL
 * (RFC 9112 section 3.2.2).
 */
const pathAsSent = (c: Context<Env>): string =>
  (c.env?.incoming?.url ?? c.req.url).replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '');

const shownWith = (c: Context<Env>): ShownWith => ({
  method: c.req.raw.method,
  path: pathAsSent(c),
  body: () => c.req.arrayBuffer(),
});

/** The actor with the source of this request, unless a gateway has named the source. */
export function from(c: Context<Env>, actor: Actor): Actor {
  const source = actor.source ?? c.get('source');
  return source === undefined ? actor : { ...actor, source };
}

/** Requires a valid credential. Must be the first middleware, so that nothing else of the request is read before. */
export const authenticated =
  ({ authenticator }: Pick<Deps, 'authenticator'>): MiddlewareHandler<Env> =>
  async (c, next) => {
    const authorization = c.req.header('authorization');
    const actor = from(c, await authenticator.authenticate(authorization, shownWith(c)));
    c.set('actor', actor);
    trust(c);
    await next();
  };

const DOT_SEGMENT = /(^|[/\\])(\.|%2e){1,2}(?=[/\\]|$)/i;

/** RFC 9110 section 4.2.4: user information in the URL of a request is an error; `new Request` throws for it. */
const WITH_USER = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*@/i;

/**
 * Refuses a URL with a user name, and a path with `.` or `..`, encoded or not. Dot segments are removed from a URL before
 * it is routed (RFC 3986 section 5.2.4), so `/agents/a/../b/kill` would stop b; only the request line still has them.
 */
export const plainPath: MiddlewareHandler<Env> = async (c, next) => {
  const target = c.env?.incoming?.url ?? '';
  if (WITH_USER.test(target))
    throw new KillswitchError('invalid_request', 'The URL contains a user name: send the request without it');
  const [path = ''] = target.split(/[?#]/, 1);
  if (DOT_SEGMENT.test(path)) {
    throw new KillswitchError('invalid_agent_id', 'The path has "." or ".." as a segment: send it without');
  }
  await next();
};
