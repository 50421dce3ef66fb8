import { Hono } from 'hono';
import { KillswitchError } from '../lib/errors.js';
import type { Answered } from '../lib/order.js';
import { runAlone } from './alone.js';
import type { Env, KillswitchFunction, TriggerDeps } from './function.js';
import type { OpenSource, Source } from './hooks/source.js';

/** By the name in the path. */
const sources: Readonly<Record<string, OpenSource>> = {};

/** A platform sends again what it got a 5xx for, and only that. */
function statusOf(answers: readonly Answered[]): 200 | 202 | 503 {
  if (answers.some(({ status }) => status >= 500)) return 503;
  return answers.some(({ status }) => status === 202) ? 202 : 200;
}

/** `POST /hooks/:source`: a webhook pulls the stop. 200 also where it asks for nothing, and says so. */
export const hooks: KillswitchFunction<TriggerDeps> = {
  name: 'hooks',
  routes: ({ settings, perform, clock }) => {
    const open = new Map<string, Source>();
    for (const [name, openSource] of Object.entries(sources)) {
      const source = openSource(settings);
      if (source) open.set(name, source);
    }
    return new Hono<Env>().post('/hooks/:source', async c => {
      const source = open.get(c.req.param('source'));
      if (!source) throw new KillswitchError('not_found', 'No such source is set up');
      const body = new Uint8Array(await c.req.arrayBuffer());
      const asked = await source.read({ headers: c.req.raw.headers, body, now: clock.now() });
      if ('ignored' in asked) return c.json({ ignored: asked.ignored });
      const answers = await Promise.all(asked.orders.map(order => perform(asked.actor, order)));
      return c.json({ answers }, statusOf(answers));
    });
  },
};

await runAlone(import.meta.url, hooks);
