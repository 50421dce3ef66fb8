import { permit } from '../../lib/domain/authorize.js';
import type { Command } from '../../lib/domain/command.js';
import type { Receipt } from '../../lib/domain/outcome.js';
import type { StopOptions } from '../../lib/stop/stop.js';
import { checkKey, claimKey } from '../../lib/store/idempotency.js';
import { findOperation } from '../../lib/store/operation.js';
import type { Executor } from './executor.js';

/** Milliseconds. */
const POLL = 50;
/** For an operation to be written down after its key was taken; longer than the store may need. */
const APPEARS_WITHIN = 1_500;

const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));

type Parts = Pick<Executor, 'core' | 'stop'>;

/** What makes sending a command again the same command. */
export interface Once {
  /** The `Idempotency-Key`. */
  readonly key: string;
  /** Of all that makes the request what it is; asked for once it is known that the actor may stop. */
  readonly fingerprint: () => Promise<string>;
}

/**
 * Carries out a command, or answers with the receipt of the first one that came under the same key.
 * @param once absent: it has no key, and is carried out each time
 * @throws KillswitchError what `Stop.stop` throws; `invalid_request`, `idempotency_mismatch`
 */
export async function stopOnce(
  parts: Parts,
  command: Command,
  once?: Once,
  options?: StopOptions,
): Promise<Receipt> {
  const { core, stop } = parts;
  const { actor, operationId, dryRun } = command;
  const carryOut = (): Promise<Receipt> => stop.stop(command, options);
  if (!once) return carryOut();
  const { key } = once;
  checkKey(key);
  if (dryRun) return carryOut();
  // What the first one did is shown only to those who may do it.
  permit(command);
  const fingerprint = await once.fingerprint();
  const keyed = { actor, key, fingerprint, operationId };
  const { monotonic } = core.clock;
  const startedAt = monotonic();
  let unseen: { readonly operationId: string; readonly since: number } | undefined;
  for (;;) {
    const isLost = unseen !== undefined && monotonic() - unseen.since >= APPEARS_WITHIN;
    const claimed = await claimKey(core, keyed, isLost ? unseen?.operationId : undefined);
    if (claimed.kind === 'first') {
      try {
        return await carryOut();
      } catch (error) {
        await claimed.release();
        throw error;
      }
    }
    const isLate = monotonic() - startedAt >= core.limits.respondMs;
    const known = await lookAt(parts, claimed.operationId);
    // It may be one that this request knows nothing of, but a stop does not wait for the store.
    if (known === 'store down') return carryOut();
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
  { core, stop }: Parts,
  operationId: string,
): Promise<{ ended: boolean; receipt: Receipt | undefined } | 'store down' | undefined> {
  const found = await findOperation(core, operationId).catch(() => 'store down' as const);
  // A document that this program has not written says no more than a store that is down.
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
