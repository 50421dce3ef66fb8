import { Hono } from 'hono';
import { findLatch } from '../lib/agents/latch.js';
import type { Gauges } from '../lib/ports/metrics.js';
import type { Deps, Env, KillswitchFunction } from './http/function.js';
import { runAlone } from './server/run-alone.js';

/** More debts than a host has. */
const MANY = 100_000;
/** Milliseconds for which an answer of the store will do: anybody may ask, and it is needed for stops. */
const FRESH = 1_000;

/** What the store says. A store that does not answer leaves only its own numbers out. */
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

/** `/metrics`: for Prometheus. Open as `/healthz` is: it names targets of notifications, and no agent. */
export const metrics: KillswitchFunction = {
  name: 'metrics',
  routes: deps => {
    let asked: { readonly at: number; readonly answer: ReturnType<typeof askStore> } | undefined;
    return new Hono<Env>().get('/metrics', async c => {
      const at = deps.core.clock.monotonic();
      if (!asked || at - asked.at >= FRESH) asked = { at, answer: askStore(deps) };
      const standing = { ...(await asked.answer), notifiers: deps.notifiers() };
      const { type, text } = await deps.metrics.render(standing);
      return c.body(text, 200, { 'content-type': type });
    });
  },
};

await runAlone(metrics);
