import { Hono } from 'hono';
import type { Health } from '../lib/ports.js';
import { runAlone } from './alone.js';
import type { Deps, Env, KillswitchFunction } from './function.js';

const PATIENCE_MS = 3_000;

/** A probe that throws or says nothing is a port that does not work. */
async function ask(probe: Deps['probes'][number]): Promise<Health> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<Health>(resolve => {
    timer = setTimeout(resolve, PATIENCE_MS, { name: 'port', ok: false, detail: 'the check did not answer' });
  });
  try {
    return await Promise.race([probe.probe(), silence]);
  } catch {
    return { name: 'port', ok: false, detail: 'the check failed' };
  } finally {
    clearTimeout(timer);
  }
}

/**
 * `/healthz`: this process answers. `/readyz`: what each port says of itself; 503 if one does not work that the stop
 * needs. That nobody can be told of a stop takes no stop out of service.
 */
export const health: KillswitchFunction<Pick<Deps, 'probes'>> = {
  name: 'health',
  routes: deps =>
    new Hono<Env>()
      .get('/healthz', c => c.json({ status: 'ok' }))
      .get('/readyz', async c => {
        const ports = await Promise.all(deps.probes.map(ask));
        const status = ports.every(({ ok }) => ok) ? 'ready' : 'degraded';
        return c.json({ status, ports }, ports.every(({ ok, aside }) => ok || aside) ? 200 : 503);
      }),
};

await runAlone(health);
