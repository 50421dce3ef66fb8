import { Hono } from 'hono';
import type { liveness, readiness } from '../lib/client/health.js';
import type { Stated } from '../lib/client/schema.js';
import type { Health } from '../lib/ports/runtime.js';
import { withTimeout } from '../lib/util/with-timeout.js';
import type { Deps, Env, KillswitchFunction } from './http/function.js';
import { runAlone } from './server/run-alone.js';

const PATIENCE_MS = 3_000;

/** A probe that throws or does not answer counts as failed. */
async function ask(probe: Deps['probes'][number]): Promise<Health> {
  const silent: Health = { name: 'port', ok: false, detail: 'the check did not answer' };
  try {
    return await withTimeout(probe.probe(), PATIENCE_MS, () => silent);
  } catch {
    return { name: 'port', ok: false, detail: 'the check failed' };
  }
}

/** Milliseconds for which an answer is reused. */
const FRESH_MS = 1_000;

/**
 * Shares one check among all requests at the same time or within a second: a probe writes to disks and calls engines,
 * and anyone may ask for it.
 */
function coalesced<T>(check: () => Promise<T>): () => Promise<T> {
  let last: { readonly found: Promise<T>; endedAt?: number } | undefined;
  return () => {
    if (last && (last.endedAt === undefined || performance.now() - last.endedAt < FRESH_MS))
      return last.found;
    const asked: NonNullable<typeof last> = { found: check() };
    const end = (): void => {
      asked.endedAt = performance.now();
    };
    asked.found.then(end, end);
    last = asked;
    return asked.found;
  };
}

/**
 * `/healthz`: this process answers. `/readyz`: the health of each port; 503 if one fails that a stop needs. Failing
 * notifications do not make the server unready.
 */
export const health: KillswitchFunction<Pick<Deps, 'probes'>> = {
  name: 'health',
  routes: deps => {
    const check = coalesced(() => Promise.all(deps.probes.map(ask)));
    return new Hono<Env>()
      .get('/healthz', c => c.json({ status: 'ok' } satisfies Stated<typeof liveness>))
      .get('/readyz', async c => {
        const ports = await check();
        const status = ports.every(({ ok }) => ok) ? 'ready' : 'degraded';
        const body: Stated<typeof readiness> = { status, ports };
        return c.json(body, ports.every(({ ok, aside }) => ok || aside) ? 200 : 503);
      });
  },
};

await runAlone(health);
