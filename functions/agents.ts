import { type Context, Hono } from 'hono';
import * as z from 'zod';
import { get, list } from '../lib/agents/list.js';
import { register } from '../lib/agents/register.js';
import { transition } from '../lib/agents/transition.js';
import { registrationSchema, statuses, transitionSchema } from '../lib/domain/agent.js';
import { present } from '../lib/util/omit-undefined.js';
import type { Env, KillswitchFunction } from './http/function.js';
import { AGENT, agentParam, authenticated, body, query } from './http/request.js';
import { runAlone } from './http/run-alone.js';

const label = z.string().regex(/^[^=]+=/, 'must be name=value');

export const listQuery = z.strictObject({
  status: z.enum([...statuses, 'unreadable']).optional(),
  taskId: z.string().min(1).optional(),
  host: z.string().min(1).optional(),
  label: z.union([label, z.array(label)]).optional(),
  cursor: z.string().max(128).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

const labelsOf = (given: string | string[] | undefined): Record<string, string> | undefined =>
  given === undefined
    ? undefined
    : Object.fromEntries(
        [given].flat().map(one => [one.slice(0, one.indexOf('=')), one.slice(one.indexOf('=') + 1)]),
      );

/** A record's own text is passed on as it is: parsing it here would round what other programs wrote. */
const json = (c: Context<Env>, text: string, status: 200 | 201 = 200): Response =>
  c.body(text, status, { 'content-type': 'application/json' });

/** The records: list, get, register, transition. */
export const agents: KillswitchFunction = {
  name: 'agents',
  routes: deps =>
    new Hono<Env>()
      .get('/agents', authenticated(deps), query(listQuery), async c => {
        const { label, cursor, limit, ...rest } = c.req.valid('query');
        const selector = present({ ...rest, labels: labelsOf(label) });
        const page = await list(deps.core, c.get('actor'), present({ selector, cursor, limit }));
        const next = page.cursor === undefined ? '' : `,"cursor":${JSON.stringify(page.cursor)}`;
        return json(c, `{"agents":[${page.agents.join(',')}]${next}}`);
      })
      .get(AGENT, authenticated(deps), agentParam, async c =>
        json(c, await get(deps.core, c.get('actor'), c.req.valid('param').agentId)),
      )
      .put(AGENT, authenticated(deps), agentParam, async c => {
        const registration = await body(c, registrationSchema);
        const { agentId } = c.req.valid('param');
        const done = await register(deps.core, c.get('actor'), agentId, registration, c.get('requestId'));
        return json(c, done.raw, done.created ? 201 : 200);
      })
      .patch(AGENT, authenticated(deps), agentParam, async c => {
        const change = await body(c, transitionSchema);
        const { agentId } = c.req.valid('param');
        return json(c, await transition(deps.core, c.get('actor'), agentId, change, c.get('requestId')));
      }),
};

await runAlone(agents);
