import { type Context, Hono } from 'hono';
import { answered, stopAnswer } from '../lib/client/answered.js';
import { agentIdSchema } from '../lib/domain/agent.js';
import { KillswitchError } from '../lib/domain/errors.js';
import { LAST_SECOND } from '../lib/util/dates.js';
import type { Deps, Env, KillswitchFunction } from './http/function.js';
import { from } from './http/request.js';
import { trust } from './http/trusted-caller.js';
import { linkPage, type Said } from './links/page.js';
import { runAlone } from './server/run-alone.js';

const PATH = '/links/:token';

/** Nothing but the page itself and its form: no script, no picture, no frame around it. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const page = (c: Context<Env>, said: Said, status = 200): Response | Promise<Response> => {
  c.header('content-security-policy', POLICY);
  c.header('x-robots-tag', 'noindex, nofollow');
  return c.html(linkPage(said), status as 200);
};

/**
 * Whom a link says that it stops, and until when (epoch seconds). Read without a look at the signature, for the page
 * alone: a link that is only looked at, as by a preview in a chat, must not be used up.
 */
export function claimsOf(token: string): { readonly agentId: string; readonly exp: number } | undefined {
  try {
    const payload = token.split('.')[1]?.replaceAll('-', '+').replaceAll('_', '/') ?? '';
    const { agent, exp } = JSON.parse(atob(payload));
    const agentId = agentIdSchema.safeParse(agent);
    return agentId.success && typeof exp === 'number' && exp <= LAST_SECOND
      ? { agentId: agentId.data, exp }
      : undefined;
  } catch {
    return undefined;
  }
}

const messageOf = (body: unknown): string => {
  const { message, detail, title } = (body ?? {}) as Record<string, unknown>;
  return String(message ?? detail ?? title ?? 'There was no answer.');
};

/**
 * `/links/:token`: a single-use token for one agent, as a page with one button. GET changes nothing; POST stops the
 * agent, once.
 */
export const links: KillswitchFunction<Pick<Deps, 'authenticator' | 'commandsFor' | 'clock' | 'failures'>> = {
  name: 'links',
  routes: ({ authenticator, commandsFor, clock, failures }) =>
    new Hono<Env>()
      .get(PATH, c => {
        const claims = claimsOf(c.req.param('token'));
        if (!claims) return page(c, { kind: 'none' }, 404);
        if (claims.exp * 1000 <= clock.now()) return page(c, { kind: 'over' }, 410);
        return page(c, { kind: 'ask', ...claims });
      })
      .post(PATH, async c => {
        const token = c.req.param('token');
        const claims = claimsOf(token);
        if (!claims) return page(c, { kind: 'none' }, 404);
        try {
          const actor = from(c, await authenticator.authenticate(`Bearer ${token}`));
          trust(c);
          const { agentId } = actor.within;
          // A token for more than one agent is nobody's link.
          if (agentId === undefined || actor.tokenId === undefined) return page(c, { kind: 'none' }, 404);
          const once = { idempotencyKey: `link:${actor.tokenId}` };
          const stopping = commandsFor(actor).kill(agentId, { reason: 'kill link' }, once);
          const { status, body } = await answered(stopping, stopAnswer);
          const { verified } = (body ?? {}) as { readonly verified?: unknown };
          const done = { agentId, status, message: messageOf(body), verified: verified === true };
          return page(c, { kind: 'done', ...done }, status);
        } catch (error) {
          if (!(error instanceof KillswitchError) || error.code !== 'unauthenticated') throw error;
          const seconds = failures?.count(c.get('source'));
          if (seconds !== undefined) c.header('retry-after', `${seconds}`);
          return page(c, { kind: 'over' }, seconds === undefined ? 401 : 429);
        }
      }),
};

await runAlone(links);
