import { Hono } from 'hono';
import { killBodySchema } from '../lib/domain/command.js';
import { present } from '../lib/util/omit-undefined.js';
import { killAnswer } from './http/answer.js';
import type { Env, KillswitchFunction } from './http/function.js';
import { stopOnce } from './http/idempotent-stop.js';
import { AGENT, agentParam, authenticated, body } from './http/request.js';
import { runAlone } from './http/run-alone.js';

/** `POST /agents/:agentId/kill`: stops one agent. 200 when nothing is open, 202 while something is unconfirmed. */
export const kill: KillswitchFunction = {
  name: 'kill',
  routes: deps =>
    new Hono<Env>().post(`${AGENT}/kill`, authenticated(deps), agentParam, async c => {
      const order = present(await body(c, killBodySchema));
      const receipt = await stopOnce(deps, c, {
        ...order,
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
