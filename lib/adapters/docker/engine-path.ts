import type { Log } from '../../ports/runtime.js';
import type { Target } from '../../ports/sandbox.js';
import type { Engine, Found } from './engine.js';
import type { Listing } from './listing.js';
import { type Guard, lookAtRecorded, type Recorded } from './recorded.js';
import type { Remover } from './remove-container.js';
import { blindOf, isNoEngine, type Seen, seenOf, worstOf } from './seen.js';
import { type StopOptions, stopContainer } from './stop.js';

export interface EnginePathOptions {
  readonly engine: Engine;
  readonly list: Listing;
  readonly guard: Guard;
  readonly remove: Remover;
  /** Whether this node ever knew a container of the agent. */
  readonly knew: (agentId: string) => boolean;
  /** Whether an engine has answered here since this machine was booted. */
  readonly hasAnswered: () => boolean;
  readonly log: Log;
}

/** Reaches containers through the engine alone. No method rejects. */
export interface EnginePath {
  kill(target: Target, options: StopOptions): Promise<Seen>;
  remove(target: Target): Promise<Seen>;
  /** Does something to each container of the agent. `blind` or `skipped` where the engine does not say which those are. */
  each(target: Target, work: (container: Found) => Promise<Seen>): Promise<Seen>;
}

export function createEnginePath(options: EnginePathOptions): EnginePath {
  const { engine, list, guard, remove, knew, hasAnswered, log } = options;

  const warn = ({ agentId }: Target, err: unknown): void =>
    log.warn({ agentId, err }, 'a call of the engine failed');
  /** What went wrong, as an outcome: an error is thrown no further, so that one agent's failure stops no other kill. */
  const toSeen = (target: Target, error: unknown): Seen => {
    warn(target, error);
    return seenOf(error);
  };

  /** Does `work` to each container of the agent, with the recorded one if it is the agent's. */
  const toEach = async (target: Target, work: (container: Found) => Promise<Seen>): Promise<Seen> => {
    const { agentId, id: recordedId } = target;
    const guarded = (container: Found): Promise<Seen> =>
      work(container).catch((error: unknown) => toSeen(target, error));
    const own = await list(agentId);
    // In parallel: an answer that hangs must not hold up what is known already.
    const listed = Promise.all(own.map(guarded));
    const isListed = own.some(({ id }) => id === recordedId);
    const recorded = isListed
      ? []
      : await lookAtRecorded(engine, guard, target).then(
          found => ofRecorded(found, guarded),
          (error: unknown) => {
            warn(target, error);
            return [blindOf(error)];
          },
        );
    const all = [...(await listed), ...recorded];
    return all.length > 0 || knew(agentId) ? worstOf(all) : { outcome: 'notFound' };
  };

  /** Nothing is known of what there is. */
  const unanswered = (target: Target, error: unknown): Seen => {
    if (isNoEngine(error) && target.id === undefined && !hasAnswered()) {
      return { outcome: 'skipped', detail: `no container is recorded, and ${seenOf(error).detail}` };
    }
    warn(target, error);
    return blindOf(error);
  };

  return {
    async kill(target, options) {
      let stopped = 0;
      try {
        const seen = await toEach(target, container => {
          stopped += 1;
          return stopContainer(engine, container, options);
        });
        if (seen.outcome !== 'refused' || stopped === 0) return seen;
        // No removal follows a refusal, and a restart policy would start the rest again.
        const left = await toEach(target, ({ id }) => remove(id, target));
        if (left.outcome !== 'refused') return left;
        return { ...left, detail: `${left.detail}; the containers that do carry its label were removed` };
      } catch (error) {
        return unanswered(target, error);
      }
    },
    each: (target, work) => toEach(target, work).catch((error: unknown) => unanswered(target, error)),
    remove: target =>
      toEach(target, ({ id }) => remove(id, target)).catch((error: unknown) => toSeen(target, error)),
  };
}

async function ofRecorded(
  found: Recorded,
  work: (container: Found) => Promise<Seen>,
): Promise<readonly Seen[]> {
  switch (found.kind) {
    case 'none':
      return [];
    case 'own':
      return [await work(found.container)];
    case 'gone':
      return [{ outcome: 'alreadyGone' }];
    case 'refused':
      return [{ outcome: 'refused', detail: found.detail }];
  }
}
