import { Hono } from 'hono';
import { killAllBodySchema } from '../lib/domain/command.js';
import { present } from '../lib/util/omit-undefined.js';
import { runAlone } from './alone.js';
import { killAllAnswer } from './answer.js';
import type { Env, KillswitchFunction } from './function.js';
import { stopOnce } from './once.js';
import { authenticated, body } from './request.js';

/** `POST /agents/kill-all`: stops every selected active agent. 202 while something is unconfirmed. */
export const killAll: KillswitchFunction = {
  name: 'kill-all',
  routes: deps =>
    new Hono<Env>().post('/agents/kill-all', authenticated(deps), async c => {
      const { selector = {}, ...order } = present(await body(c, killAllBodySchema));
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
