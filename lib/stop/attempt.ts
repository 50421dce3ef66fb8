import type { LayerName } from '../domain/agent.js';
import { KillswitchError } from '../domain/errors.js';
import type { LayerOutcome } from '../domain/outcome.js';
import type { Log } from '../ports/runtime.js';
import { withTimeout } from '../util/with-timeout.js';

/**
 * Runs one try on one layer and always comes back with an outcome: what an adapter throws is `failed`, and one that
 * does not answer is `pending` when `ms` are over. Its signal is then aborted; what it does later is not awaited.
 */
export async function attempt(
  layer: LayerName,
  { ms, log, agentId }: { ms: number; log: Log; agentId: string },
  act: (deadline: AbortSignal) => Promise<LayerOutcome>,
): Promise<LayerOutcome> {
  const controller = new AbortController();
  // A synchronous throw must come back like a rejection.
  const work = Promise.resolve()
    .then(() => act(controller.signal))
    .then(outcome => ({ ...outcome, layer }))
    .catch((error: unknown): LayerOutcome => {
      log.error({ err: error, agentId, layer }, 'clean-up failed');
      const detail = error instanceof KillswitchError ? error.message : 'unexpected error';
      return { layer, outcome: 'failed', detail };
    });
  return withTimeout(work, ms, (): LayerOutcome => {
    controller.abort();
    return { layer, outcome: 'pending', detail: 'no answer in time' };
  });
}
