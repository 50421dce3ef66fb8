import { Hono } from 'hono';
import type { liveness, readiness } from '../lib/client/health.js';
import type { Stated } from '../lib/client/schema.js';
import type { Health } from '../lib/ports/runtime.js';
import { withTimeout } from '../lib/util/with-timeout.js';
import type { Deps, Env, KillswitchFunction } from './http/function.js';
import { runAlone } from './server/run-alone.js';

const PATIENCE_MS = 3_000;

/** A probe that throws or says nothing is a port that does not work. */
async function ask(probe: Deps['probes'][number]): Promise<Health> {
  const silent: Health = { name: 'port', ok: false, detail: 'the check did not answer' };
  try {
    return await withTimeout(probe.probe(), PATIENCE_MS, () => silent);
  } catch {
    return { name: 'port', ok: false, detail: 'the check failed' };
  }
}

/** Milliseconds for which an answer is good for all who ask. */
const FRESH_MS = 1_000;

/**
 * Asks once for all who ask at the same time or within a second: a probe writes to disks and wakes engines, and anybody
 * may ask for one.
 */
function coalesced<T>(look: () => Promise<T>): () => Promise<T> {
  let last: { readonly found: Promise<T>; endedAt?: number } | undefined;
  return () => {
    if (last && (last.endedAt === undefined || performance.now() - last.endedAt < FRESH_MS))
      return last.found;
    const asked: NonNullable<typeof last> = { found: look() };
    const end = (): void => {
      asked.endedAt = performance.now();
    };
    asked.found.then(end, end);
    last = asked;
    return asked.found;
  };
}

/**
 * `/healthz`: this process answers. `/readyz`: what each port says of itself; 503 if one does not work that the stop
 * needs. That nobody can be told of a stop takes no stop out of service.
 */
export const health: KillswitchFunction<Pick<Deps, 'probes'>> = {
  name: 'health',
  routes: deps => {
    const look = coalesced(() => Promise.all(deps.probes.map(ask)));
    return new Hono<Env>()
      .get('/healthz', c => c.json({ status: 'ok' } satisfies Stated<typeof liveness>))
      .get('/readyz', async c => {
        const ports = await look();
        const status = ports.every(({ ok }) => ok) ? 'ready' : 'degraded';
        const told: Stated<typeof readiness> = { status, ports };
        return c.json(told, ports.every(({ ok, aside }) => ok || aside) ? 200 : 503);
      });
  },
};

await runAlone(health);
