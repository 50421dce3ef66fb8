import { Hono } from 'hono';
import { killBodySchema } from '../lib/domain/command.js';
import { callerOf, keyOf } from './commands/caller.js';
import { commandsIn } from './commands/in-process.js';
import type { Env, KillswitchFunction } from './http/function.js';
import { authenticated } from './http/request.js';
import { AGENT, agentParam, json } from './http/validate.js';
import { runAlone } from './server/run-alone.js';

/** `POST /agents/:agentId/kill`: stops one agent. 200 if everything is confirmed, 202 while something is not. */
export const kill: KillswitchFunction = {
  name: 'kill',
  routes: deps =>
    new Hono<Env>().post(`${AGENT}/kill`, authenticated(deps), agentParam, json(killBodySchema), async c => {
      const { agentId } = c.req.valid('param');
      const stopping = commandsIn(deps, callerOf(c)).kill(agentId, c.req.valid('json'), keyOf(c));
      const { receipt, status } = await stopping;
      return c.json(receipt, status);
    }),
};

await runAlone(kill);
