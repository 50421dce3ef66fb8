import { Hono } from 'hono';
import { killAllBodySchema } from '../lib/domain/command.js';
import { callerOf, keyOf } from './commands/caller.js';
import { commandsIn } from './commands/in-process.js';
import type { Env, KillswitchFunction } from './http/function.js';
import { authenticated } from './http/request.js';
import { json } from './http/validate.js';
import { runAlone } from './server/run-alone.js';

/** `POST /agents/kill-all`: stops every selected active agent. 200 if everything is confirmed, 202 while something is not. */
export const killAll: KillswitchFunction = {
  name: 'kill-all',
  routes: deps =>
    new Hono<Env>().post('/agents/kill-all', authenticated(deps), json(killAllBodySchema), async c => {
      const { receipt, status } = await commandsIn(deps, callerOf(c)).killAll(c.req.valid('json'), keyOf(c));
      return c.json(receipt, status);
    }),
};

await runAlone(killAll);
