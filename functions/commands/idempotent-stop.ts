import { permit } from '../../lib/domain/authorize.js';
import type { Command } from '../../lib/domain/command.js';
import type { Receipt } from '../../lib/domain/outcome.js';
import type { StopOptions } from '../../lib/stop/stop.js';
import { checkKey, claimKey } from '../../lib/store/idempotency.js';
import { findOperation } from '../../lib/store/operation.js';
import type { Executor } from './executor.js';

/** Milliseconds. */
const POLL = 50;
/** Milliseconds from claiming a key until its operation must be in the store; longer than the store takes. */
const APPEARS_WITHIN = 1_500;

const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));

type Parts = Pick<Executor, 'core' | 'stop'>;

/** By what a repeated command is recognised. */
export interface Idempotency {
  /** The `Idempotency-Key`. */
  readonly key: string;
  /** Digest of the request; computed only after the actor was authorized. */
  readonly fingerprint: () => Promise<string>;
}

/**
 * Carries out a command, or answers with the receipt of the first command with the same key.
 * @param once absent: the command has no key and is always carried out
 * @throws KillswitchError what `Stop.stop` throws; `invalid_request`, `idempotency_mismatch`
 */
export async function stopOnce(
  parts: Parts,
  command: Command,
  once?: Idempotency,
  options?: StopOptions,
): Promise<Receipt> {
  const { core, stop } = parts;
  const { actor, operationId, dryRun } = command;
  const carryOut = (): Promise<Receipt> => stop.stop(command, options);
  if (!once) return carryOut();
  const { key } = once;
  checkKey(key);
  if (dryRun) return carryOut();
  // The receipt of the first command is shown only to an actor that may give the command.
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
    const known = await findFirst(parts, claimed.operationId);
    // The first command may have been carried out already, but a stop does not wait for the store.
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

/** The operation that holds the key; `undefined` if there is none, not yet or no longer. */
async function findFirst(
  { core, stop }: Parts,
  operationId: string,
): Promise<{ ended: boolean; receipt: Receipt | undefined } | 'store down' | undefined> {
  const found = await findOperation(core, operationId).catch(() => 'store down' as const);
  // A document that this program did not write is worth no more than a store that is down.
  if (found === 'store down' || (found && !found.operation)) return 'store down';
  if (found?.operation?.state === 'ended') return { ended: true, receipt: found.operation.receipt };
  const progress = stop.progress(operationId);
  return found || progress ? { ended: false, receipt: progress } : undefined;
}

/** What is known of an operation that another process carries out. */
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
