import { type Context, Hono } from 'hono';
import { get, list } from '../lib/agents/list.js';
import { register } from '../lib/agents/register.js';
import { transition } from '../lib/agents/transition.js';
import { listQuery } from '../lib/client/queries.js';
import { registrationSchema, transitionSchema } from '../lib/domain/agent.js';
import { omitUndefined } from '../lib/util/omit-undefined.js';
import type { Env, KillswitchFunction } from './http/function.js';
import { authenticated } from './http/request.js';
import { AGENT, agentParam, json, query } from './http/validate.js';
import { runAlone } from './server/run-alone.js';

const labelsOf = (given: string | string[] | undefined): Record<string, string> | undefined =>
  given === undefined
    ? undefined
    : Object.fromEntries(
        [given].flat().map(one => [one.slice(0, one.indexOf('=')), one.slice(one.indexOf('=') + 1)]),
      );

/** Answers with the text of a record unchanged: parsing it could change numbers that other programs wrote. */
const asStored = (c: Context<Env>, text: string, status: 200 | 201 = 200): Response =>
  c.body(text, status, { 'content-type': 'application/json' });

/** `/agents`: list, show, register and change the records of agents. */
export const agents: KillswitchFunction = {
  name: 'agents',
  routes: deps =>
    new Hono<Env>()
      .get('/agents', authenticated(deps), query(listQuery), async c => {
        const { label, cursor, limit, ...rest } = c.req.valid('query');
        const selector = omitUndefined({ ...rest, labels: labelsOf(label) });
        const page = await list(deps.core, c.get('actor'), omitUndefined({ selector, cursor, limit }));
        const next = page.cursor === undefined ? '' : `,"cursor":${JSON.stringify(page.cursor)}`;
        return asStored(c, `{"agents":[${page.agents.join(',')}]${next}}`);
      })
      .get(AGENT, authenticated(deps), agentParam, async c =>
        asStored(c, await get(deps.core, c.get('actor'), c.req.valid('param').agentId)),
      )
      .put(AGENT, authenticated(deps), agentParam, json(registrationSchema), async c => {
        const registration = c.req.valid('json');
        const { agentId } = c.req.valid('param');
        const done = await register(deps.core, c.get('actor'), agentId, registration, c.get('requestId'));
        return asStored(c, done.raw, done.created ? 201 : 200);
      })
      .patch(AGENT, authenticated(deps), agentParam, json(transitionSchema), async c => {
        const change = c.req.valid('json');
        const { agentId } = c.req.valid('param');
        return asStored(c, await transition(deps.core, c.get('actor'), agentId, change, c.get('requestId')));
      }),
};

await runAlone(agents);
