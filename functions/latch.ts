import { Hono } from 'hono';
import { engageBodySchema, resetBodySchema } from '../lib/domain/command.js';
import { callerOf, keyOf } from './commands/caller.js';
import { commandsIn } from './commands/in-process.js';
import type { Env, KillswitchFunction } from './http/function.js';
import { authenticated } from './http/request.js';
import { json } from './http/validate.js';
import { runAlone } from './server/run-alone.js';

const PATH = '/latch';

/** `/latch`: shows whether the emergency stop is engaged and for which agents; engages it; resets it. */
export const latch: KillswitchFunction = {
  name: 'latch',
  routes: deps =>
    new Hono<Env>()
      .get(PATH, authenticated(deps), async c => c.json(await commandsIn(deps, callerOf(c)).latch.status()))
      .post(PATH, authenticated(deps), json(engageBodySchema), async c =>
        c.json(await commandsIn(deps, callerOf(c)).latch.engage(c.req.valid('json'), keyOf(c))),
      )
      .delete(PATH, authenticated(deps), json(resetBodySchema), async c =>
        c.json(await commandsIn(deps, callerOf(c)).latch.reset(c.req.valid('json'), keyOf(c))),
      ),
};

await runAlone(latch);
