import { Hono } from 'hono';
import { findLatch } from '../lib/agents/latch.js';
import type { Gauges } from '../lib/ports/metrics.js';
import { omitUndefined } from '../lib/util/omit-undefined.js';
import type { Deps, Env, KillswitchFunction } from './http/function.js';
import { runAlone } from './server/run-alone.js';

/** More pending agents than a host ever has. */
const MANY = 100_000;
/** Milliseconds for which an answer of the store is reused: anyone may ask, and the store is needed for stops. */
const FRESH = 1_000;

/** The numbers from the store. If it does not answer, only these are left out. */
async function askStore({ core }: Deps): Promise<Omit<Gauges, 'notifiers'>> {
  const [debts, latch] = await Promise.allSettled([
    core.records.debts(core.hostId, Number.MAX_SAFE_INTEGER, MANY),
    findLatch(core),
  ]);
  return {
    ...(debts.status === 'fulfilled' && { pendingAgents: debts.value.length }),
    ...(latch.status === 'fulfilled' && { latchEngaged: latch.value.latch.engaged }),
  };
}

/** `/metrics` for Prometheus. Open like `/healthz`: it names targets of notifications, but no agent. */
export const metrics: KillswitchFunction = {
  name: 'metrics',
  routes: deps => {
    let asked: { readonly at: number; readonly answer: ReturnType<typeof askStore> } | undefined;
    return new Hono<Env>().get('/metrics', async c => {
      const at = deps.core.clock.monotonic();
      if (!asked || at - asked.at >= FRESH) asked = { at, answer: askStore(deps) };
      const standing = omitUndefined<Gauges>({
        ...(await asked.answer),
        orphans: deps.orphans?.(),
        notifiers: deps.notifiers(),
      });
      const { type, text } = await deps.metrics.render(standing);
      return c.body(text, 200, { 'content-type': type });
    });
  },
};

await runAlone(metrics);
