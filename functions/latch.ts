import { type Context, Hono } from 'hono';
import { engageBodySchema, resetBodySchema } from '../lib/command.js';
import { engageLatch, lookAtLatch, resetLatch } from '../lib/latch.js';
import { present } from '../lib/present.js';
import { runAlone } from './alone.js';
import { latchAnswer } from './answer.js';
import type { Env, KillswitchFunction } from './function.js';
import { authenticated, body } from './request.js';

const PATH = '/latch';

/** `/latch`: whether the emergency stop is engaged, and for whom; engages it; resets it. */
export const latch: KillswitchFunction = {
  name: 'latch',
  routes: deps => {
    const order = (c: Context<Env>) => ({
      operationId: deps.newId(),
      actor: c.get('actor'),
      requestId: c.get('requestId'),
    });
    return new Hono<Env>()
      .get(PATH, authenticated(deps), async c =>
        c.json(latchAnswer(await lookAtLatch(deps.core, c.get('actor')))),
      )
      .post(PATH, authenticated(deps), async c => {
        const engaging = present(await body(c, engageBodySchema));
        const engaged = await engageLatch(deps.core, { ...order(c), ...engaging });
        deps.wake();
        return c.json(latchAnswer(engaged));
      })
      .delete(PATH, authenticated(deps), async c => {
        const resetting = await body(c, resetBodySchema);
        return c.json(latchAnswer(await resetLatch(deps.core, { ...order(c), ...resetting })));
      });
  },
};

await runAlone(import.meta.url, latch);
