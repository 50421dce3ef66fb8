import type { Context } from 'hono';
import type { Command } from '../../lib/domain/command.js';
import type { Receipt } from '../../lib/domain/outcome.js';
import { permit } from '../../lib/stop/stop.js';
import { checkKey, claim, digest } from '../../lib/store/idempotency.js';
import { findOperation } from '../../lib/store/operation.js';
import type { Deps, Env } from './function.js';

/** Milliseconds. */
const POLL = 50;
/** For an operation to be written down after its key was taken; longer than the store may need. */
const APPEARS_WITHIN = 1_500;

const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));

/**
 * Carries out a command, or answers with the receipt of the first one that came with the same `Idempotency-Key`.
 * @throws KillswitchError what `Stop.stop` throws; `invalid_request`, `idempotency_mismatch`
 */
export async function stopOnce(deps: Deps, c: Context<Env>, command: Command): Promise<Receipt> {
  const { core, stop } = deps;
  const { actor, operationId, dryRun } = command;
  const key = c.req.header('idempotency-key');
  if (key === undefined) return stop.stop(command);
  checkKey(key);
  if (dryRun) return stop.stop(command);
  // What the first one did is shown only to those who may do it.
  permit(command);
  const body = new Uint8Array(await c.req.arrayBuffer());
  const fingerprint = await digest(c.req.method, c.req.path, body, JSON.stringify(actor.within));
  const keyed = { actor, key, fingerprint, operationId };
  const { monotonic } = core.clock;
  const startedAt = monotonic();
  let unseen: { readonly operationId: string; readonly since: number } | undefined;
  for (;;) {
    const isLost = unseen !== undefined && monotonic() - unseen.since >= APPEARS_WITHIN;
    const claimed = await claim(core, keyed, isLost ? unseen?.operationId : undefined);
    if (claimed.kind === 'first') {
      try {
        return await stop.stop(command);
      } catch (error) {
        await claimed.release();
        throw error;
      }
    }
    const isLate = monotonic() - startedAt >= core.limits.respondMs;
    const known = await lookAt(deps, claimed.operationId);
    // It may be one that this request knows nothing of, but a stop does not wait for the store.
    if (known === 'store down') return stop.stop(command);
    if (known?.receipt && (known.ended || isLate)) return known.receipt;
    if (known && isLate) return underWay(claimed.operationId);
    if (known) unseen = undefined;
    else if (unseen?.operationId !== claimed.operationId) {
      unseen = { operationId: claimed.operationId, since: monotonic() };
    }
    await sleep(POLL);
  }
}

/** `undefined`: there is no such operation, not yet or not any more. */
async function lookAt(
  { core, stop }: Deps,
  operationId: string,
): Promise<{ ended: boolean; receipt: Receipt | undefined } | 'store down' | undefined> {
  const found = await findOperation(core, operationId).catch(() => 'store down' as const);
  // What stands there in words of somebody else's says no more than a store that is down.
  if (found === 'store down' || (found && !found.operation)) return 'store down';
  if (found?.operation?.state === 'ended') return { ended: true, receipt: found.operation.receipt };
  const progress = stop.progress(operationId);
  return found || progress ? { ended: false, receipt: progress } : undefined;
}

/** All that is known of what another process carries out. */
const underWay = (operationId: string): Receipt => ({
  operationId,
  message: 'The first request with this key is still being carried out',
  incomplete: true,
  verified: false,
  total: 0,
  killed: 0,
  failed: 0,
  pending: 0,
  refused: 0,
  agents: [],
});
