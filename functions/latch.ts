import { type Context, Hono } from 'hono';
import { engageLatch } from '../lib/agents/engage-latch.js';
import { findLatch, lookAtLatch } from '../lib/agents/latch.js';
import { resetLatch } from '../lib/agents/reset-latch.js';
import type { Actor } from '../lib/domain/actor.js';
import { authorize } from '../lib/domain/authorize.js';
import { engageBodySchema, resetBodySchema } from '../lib/domain/command.js';
import type { Core } from '../lib/ports/core.js';
import { checkKey, digest } from '../lib/store/idempotency.js';
import { remember } from '../lib/store/single-use.js';
import { present } from '../lib/util/omit-undefined.js';
import { latchAnswer } from './http/answer.js';
import type { Env, KillswitchFunction } from './http/function.js';
import { authenticated } from './http/request.js';
import { runAlone } from './http/run-alone.js';
import { json } from './http/validate.js';

const PATH = '/latch';

/** Seconds. */
const KEPT = 24 * 3_600;

const engageKey = async ({ subject }: Actor, key: string): Promise<string> => {
  checkKey(key);
  return `engage:${await digest(subject, key)}`;
};

/** Whether it was engaged with this key before; no while the store cannot tell: to stop twice is harmless. */
async function wasEngaged({ records }: Core, id: string): Promise<boolean> {
  const [found] = await records.read([{ kind: 'memory', id }]).catch(() => []);
  return typeof found === 'string';
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
      .get(PATH, authenticated(deps), async c => {
        const actor = c.get('actor');
        return c.json(latchAnswer(await lookAtLatch(deps.core, actor), actor.within));
      })
      .post(PATH, authenticated(deps), json(engageBodySchema), async c => {
        const engaging = present(c.req.valid('json'));
        const { actor, ...rest } = order(c);
        authorize(actor, 'latch:engage');
        const key = c.req.header('idempotency-key');
        const id = key === undefined ? undefined : await engageKey(actor, key);
        // What comes again, by a retry or by a replayed recording, must not undo a reset.
        if (id !== undefined && (await wasEngaged(deps.core, id))) {
          return c.json(latchAnswer((await findLatch(deps.core)).latch, actor.within));
        }
        const engaged = await engageLatch(deps.core, { actor, ...rest, ...engaging });
        deps.wake();
        if (id !== undefined) await remember(deps.core.records, id, KEPT);
        return c.json(latchAnswer(engaged, actor.within));
      })
      .delete(PATH, authenticated(deps), json(resetBodySchema), async c => {
        const key = c.req.header('idempotency-key');
        const resetting = { ...order(c), ...c.req.valid('json'), ...present({ key }) };
        return c.json(latchAnswer(await resetLatch(deps.core, resetting)));
      });
  },
};

await runAlone(latch);
