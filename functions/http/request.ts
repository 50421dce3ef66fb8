import type { Context, MiddlewareHandler } from 'hono';
import type { Actor } from '../../lib/domain/actor.js';
import { KillswitchError } from '../../lib/domain/errors.js';
import type { ShownWith } from '../../lib/ports/authenticator.js';
import type { Deps, Env } from './function.js';
import { trust } from './trusted-caller.js';

/**
 * The path and query as sent: the request line as Node read it, where Node serves, for a URL is normalised. RFC 9112
 * section 3.2.2 allows a whole URL there.
 */
const pathAsSent = (c: Context<Env>): string =>
  (c.env?.incoming?.url ?? c.req.url).replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '');

const shownWith = (c: Context<Env>): ShownWith => ({
  method: c.req.raw.method,
  path: pathAsSent(c),
  body: () => c.req.arrayBuffer(),
});

/** The actor, with where this request comes from, unless a gateway has said so. */
export function from(c: Context<Env>, actor: Actor): Actor {
  const source = actor.source ?? c.get('source');
  return source === undefined ? actor : { ...actor, source };
}

/** Lets in whoever shows a credential that holds. Comes before anything of the request is looked at. */
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

/** RFC 9110 section 4.2.4: user information in a request's URL is an error, and no Request can be made of one. */
const WITH_USER = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*@/i;

/**
 * Refuses a URL with a user name in it, and `.` and `..` in a path, encoded or not. A URL is rid of them before it is routed (RFC 3986 section 5.2.4),
 * so that `/agents/a/../b/kill` would stop b: only the request line as Node read it still has them.
 */
export const plainPath: MiddlewareHandler<Env> = async (c, next) => {
  const target = c.env?.incoming?.url ?? '';
  if (WITH_USER.test(target)) throw new KillswitchError('invalid_request', 'The URL has a user name');
  const [path = ''] = target.split(/[?#]/, 1);
  if (DOT_SEGMENT.test(path)) {
    throw new KillswitchError('invalid_agent_id', 'The path has a dot segment');
  }
  await next();
};
