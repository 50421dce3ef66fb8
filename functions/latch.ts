import { type Context, Hono } from 'hono';
import { authorize } from '../lib/authorize.js';
import { type Actor, engageBodySchema, resetBodySchema } from '../lib/command.js';
import type { Core } from '../lib/core.js';
import { KillswitchError } from '../lib/errors.js';
import { checkKey, digest } from '../lib/idempotency.js';
import { engageLatch, findLatch, lookAtLatch, resetLatch } from '../lib/latch.js';
import { present } from '../lib/present.js';
import { remember } from '../lib/remember.js';
import { runAlone } from './alone.js';
import { latchAnswer } from './answer.js';
import type { Env, KillswitchFunction } from './function.js';
import { authenticated, body } from './request.js';

const PATH = '/latch';

/** Seconds. */
const KEPT = 24 * 3_600;

/**
 * Whether a key comes for the first time, or there is none. What was sent once and comes again, by a retry or by
 * somebody who has recorded it, must not let agents run that were stopped since.
 * @throws KillswitchError `invalid_request`; `store_unavailable` where nobody can tell
 */
async function takeKey({ records }: Core, { subject }: Actor, key: string | undefined): Promise<boolean> {
  if (key === undefined) return true;
  checkKey(key);
  const result = await remember(records, `reset:${await digest(subject, key)}`, KEPT);
  if (result === 'unknown') throw new KillswitchError('store_unavailable');
  return result === 'first';
}

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
        const resetting = { ...order(c), ...(await body(c, resetBodySchema)) };
        authorize(resetting.actor, 'latch:reset');
        const isFirst = await takeKey(deps.core, resetting.actor, c.req.header('idempotency-key'));
        const latch = isFirst ? await resetLatch(deps.core, resetting) : (await findLatch(deps.core)).latch;
        return c.json(latchAnswer(latch));
      });
  },
};

await runAlone(latch);
