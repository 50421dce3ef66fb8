import pLimit from 'p-limit';
import type { Target } from '../../ports/sandbox.js';
import type { ContainerId } from './container-id.js';
import type { Engine } from './engine.js';
import { EngineError } from './errors.js';
import { type EvidenceCollector, withinCap } from './evidence.js';
import { type Seen, seenOf } from './seen.js';

export interface RemovalOptions {
  readonly concurrency: number;
  /** Milliseconds that one removal may take; its call outlives the deadline of the caller. */
  readonly withinMs: number;
  /** A removal begins when this resolves. Does not reject. */
  readonly after: () => Promise<unknown>;
  /** Keeps the evidence that a removal would destroy; begins at once, and is waited for. Does not reject. */
  readonly gather?: EvidenceCollector | undefined;
  /** Called for each container that is gone. */
  readonly onRemoved: (id: ContainerId) => void;
}

/** Removes a container and its anonymous volumes, in its turn. Does not reject for an error of the engine. */
export type Remover = (id: ContainerId, target: Target) => Promise<Seen>;

/** A caller who asks for a container that is being removed shares that attempt, so that retries do not fill the pool. */
export function createContainerRemover(
  engine: Engine,
  { concurrency, withinMs, after, gather, onRemoved }: RemovalOptions,
): Remover {
  const pool = pLimit(concurrency);
  const underWay = new Map<ContainerId, Promise<Seen>>();

  const removeOne = async (id: ContainerId, gathered: Promise<void>): Promise<Seen> => {
    await after();
    await withinCap(gathered);
    const seen = await removeContainer(engine, id, withinMs);
    if (seen.outcome === 'removed') onRemoved(id);
    return seen;
  };

  return (id, target) => {
    const shared = underWay.get(id);
    if (shared) return shared;
    const gathered = gather ? after().then(() => gather(id, target)) : Promise.resolve();
    const attempt = pool(removeOne, id, gathered).finally(() => underWay.delete(id));
    underWay.set(id, attempt);
    return attempt;
  };
}

async function removeContainer(engine: Engine, id: ContainerId, withinMs: number): Promise<Seen> {
  try {
    await engine.remove(id, withinMs);
    return { outcome: 'removed' };
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return error.reason === 'status' ? lookAgain(engine, id, error, withinMs) : seenOf(error);
  }
}

/** Looks at what is left after a refusal: perhaps it is removed, or is being removed for another client (409). */
async function lookAgain(
  engine: Engine,
  id: ContainerId,
  { statusCode }: EngineError,
  withinMs: number,
): Promise<Seen> {
  try {
    if (statusCode === 409) await engine.wait(id, 'removed', withinMs);
    const left = statusCode === 404 ? undefined : await engine.find(id);
    return left === undefined
      ? { outcome: 'removed' }
      : { outcome: 'failed', detail: 'the engine could not remove the container' };
  } catch (error) {
    if (error instanceof EngineError) return seenOf(error);
    throw error;
  }
}
