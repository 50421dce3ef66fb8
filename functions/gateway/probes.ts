import type { Probe } from '../../lib/ports/runtime.js';
import type { Origin } from './settings.js';

const PATIENCE_MS = 2_500;

/** Asks each origin whether it is ready, without repeating the details of its answer. */
export const originProbes = (origins: readonly Origin[], fetch: typeof globalThis.fetch): readonly Probe[] =>
  origins.map(({ name: origin, url }) => ({
    async probe() {
      const name = `origin ${origin}`;
      try {
        const signal = AbortSignal.timeout(PATIENCE_MS);
        const { status, body } = await fetch(`${url}/readyz`, { redirect: 'manual', signal });
        await body?.cancel();
        if (status === 200) return { name, ok: true };
        return {
          name,
          ok: false,
          detail:
            status === 503
              ? 'it is not ready'
              : `it answered ${status}, so it may not be a killswitch server`,
        };
      } catch {
        return { name, ok: false, detail: 'it does not answer' };
      }
    },
  }));
