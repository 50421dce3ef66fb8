import { type Context, Hono } from 'hono';
import * as z from 'zod';
import { answered, stopAnswer } from '../lib/client/answered.js';
import { agentIdSchema } from '../lib/domain/agent.js';
import { KillswitchError } from '../lib/domain/errors.js';
import { fromBase64Url } from '../lib/util/crypto.js';
import { LAST_SECOND } from '../lib/util/dates.js';
import { parseJson } from '../lib/util/parse-json.js';
import type { Deps, Env, KillswitchFunction } from './http/function.js';
import { from } from './http/request.js';
import { trust } from './http/trusted-caller.js';
import { type LinkPage, renderLinkPage } from './links/page.js';
import { runAlone } from './server/run-alone.js';

const PATH = '/links/:token';

/** Allows the page its style and its form: no script, no image, no frame around it. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const show = (c: Context<Env>, page: LinkPage, status = 200): Response | Promise<Response> => {
  c.header('content-security-policy', POLICY);
  c.header('x-robots-tag', 'noindex, nofollow');
  return c.html(renderLinkPage(page), status as 200);
};

const claimsSchema = z.looseObject({ agent: agentIdSchema, exp: z.number().max(LAST_SECOND) });

/**
 * The agent that a link names, and when it expires (epoch seconds). The signature is not verified, as this only serves to
 * show the page: showing it, as a preview in a chat does, must not use up the link.
 */
export function claimsOf(token: string): { readonly agentId: string; readonly exp: number } | undefined {
  const payload = fromBase64Url(token.split('.')[1] ?? '');
  const { data } = claimsSchema.safeParse(payload && parseJson(new TextDecoder().decode(payload)));
  return data && { agentId: data.agent, exp: data.exp };
}

const messageOf = (body: unknown): string => {
  const { message, detail, title } = (body ?? {}) as Record<string, unknown>;
  return String(message ?? detail ?? title ?? 'The server gave no answer that can be read');
};

/**
 * `/links/:token`, where the token is single-use and for one agent: a page with one button. GET changes nothing; POST
 * stops the agent, once.
 */
export const links: KillswitchFunction<Pick<Deps, 'authenticator' | 'commandsFor' | 'clock' | 'failures'>> = {
  name: 'links',
  routes: ({ authenticator, commandsFor, clock, failures }) =>
    new Hono<Env>()
      .get(PATH, c => {
        const claims = claimsOf(c.req.param('token'));
        if (!claims) return show(c, { kind: 'notALink' }, 404);
        if (claims.exp * 1000 <= clock.now()) return show(c, { kind: 'invalid' }, 410);
        return show(c, { kind: 'confirm', ...claims });
      })
      .post(PATH, async c => {
        const token = c.req.param('token');
        const claims = claimsOf(token);
        if (!claims) return show(c, { kind: 'notALink' }, 404);
        try {
          const actor = from(c, await authenticator.authenticate(`Bearer ${token}`));
          trust(c);
          const { agentId } = actor.within;
          // A kill link is for one agent, and works once.
          if (agentId === undefined || actor.tokenId === undefined) return show(c, { kind: 'notALink' }, 404);
          const once = { idempotencyKey: `link:${actor.tokenId}` };
          const stopping = commandsFor(actor).kill(agentId, { reason: 'kill link' }, once);
          const { status, body } = await answered(stopping, stopAnswer);
          const { verified } = (body ?? {}) as { readonly verified?: unknown };
          const done = { agentId, status, message: messageOf(body), verified: verified === true };
          return show(c, { kind: 'result', ...done }, status);
        } catch (error) {
          if (!(error instanceof KillswitchError) || error.code !== 'unauthenticated') throw error;
          const seconds = failures?.count(c.get('source'));
          if (seconds !== undefined) c.header('retry-after', `${seconds}`);
          return show(c, { kind: 'invalid' }, seconds === undefined ? 401 : 429);
        }
      }),
};

await runAlone(links);
