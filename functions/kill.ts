import { Hono } from 'hono';
import { killBodySchema } from '../lib/domain/command.js';
import { present } from '../lib/util/omit-undefined.js';
import { killAnswer } from './http/answer.js';
import type { Env, KillswitchFunction } from './http/function.js';
import { stopOnce } from './http/idempotent-stop.js';
import { authenticated } from './http/request.js';
import { runAlone } from './http/run-alone.js';
import { AGENT, agentParam, json } from './http/validate.js';

/** `POST /agents/:agentId/kill`: stops one agent. 200 when nothing is open, 202 while something is unconfirmed. */
export const kill: KillswitchFunction = {
  name: 'kill',
  routes: deps =>
    new Hono<Env>().post(`${AGENT}/kill`, authenticated(deps), agentParam, json(killBodySchema), async c => {
      const receipt = await stopOnce(deps, c, {
        ...present(c.req.valid('json')),
        type: 'kill',
        agentId: c.req.valid('param').agentId,
        operationId: deps.newId(),
        actor: c.get('actor'),
        requestId: c.get('requestId'),
      });
      return killAnswer(c, receipt);
    }),
};

await runAlone(kill);
