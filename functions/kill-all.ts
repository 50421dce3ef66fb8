import { Hono } from 'hono';
import { killAllBodySchema } from '../lib/domain/command.js';
import { present } from '../lib/util/omit-undefined.js';
import { killAllAnswer } from './http/answer.js';
import type { Env, KillswitchFunction } from './http/function.js';
import { stopOnce } from './http/idempotent-stop.js';
import { authenticated } from './http/request.js';
import { runAlone } from './http/run-alone.js';
import { json } from './http/validate.js';

/** `POST /agents/kill-all`: stops every selected active agent. 202 while something is unconfirmed. */
export const killAll: KillswitchFunction = {
  name: 'kill-all',
  routes: deps =>
    new Hono<Env>().post('/agents/kill-all', authenticated(deps), json(killAllBodySchema), async c => {
      const { selector = {}, ...order } = present(c.req.valid('json'));
      const stopping = stopOnce(deps, c, {
        ...order,
        type: 'kill-all',
        selector,
        operationId: deps.newId(),
        actor: c.get('actor'),
        requestId: c.get('requestId'),
      });
      if (order.latch) deps.wake();
      return killAllAnswer(c, await stopping);
    }),
};

await runAlone(killAll);
