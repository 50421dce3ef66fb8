import type { Log, Target } from '../../ports.js';
import type { Engine, Found } from './engine.js';
import { EngineError } from './errors.js';
import type { Listing } from './listing.js';
import { type Guard, lookAtRecorded, type Recorded } from './recorded.js';
import type { Remover } from './removal.js';
import { type Seen, seenOf, worstOf } from './seen.js';
import { type StopOptions, stopContainer } from './stop.js';

export interface EnginePathOptions {
  readonly engine: Engine;
  readonly list: Listing;
  readonly guard: Guard;
  readonly remove: Remover;
  readonly log: Log;
}

/** Stops and removes by the word of the engine alone. Neither method rejects. */
export interface EnginePath {
  kill(target: Target, options: StopOptions): Promise<Seen>;
  remove(target: Target): Promise<Seen>;
}

export function openEnginePath({ engine, list, guard, remove, log }: EnginePathOptions): EnginePath {
  /** What went wrong, as an outcome. Nothing is thrown past here: an agent's failure stops no other's kill. */
  const toSeen = (target: Target, error: unknown): Seen => {
    log.warn({ agentId: target.agentId, err: error }, 'a call of the engine failed');
    return seenOf(error);
  };

  /** Does `work` to each container of the agent, the recorded one included if it turns out to be its own. */
  const toEach = async (target: Target, work: (container: Found) => Promise<Seen>): Promise<Seen> => {
    const guarded = (container: Found): Promise<Seen> =>
      work(container).catch((error: unknown) => toSeen(target, error));
    const own = await list(target.agentId);
    // Side by side: an answer that hangs must not keep back what is known already.
    const listed = Promise.all(own.map(guarded));
    const recorded = own.some(({ id }) => id === target.containerId)
      ? { outcome: 'alreadyGone' as const }
      : await lookAtRecorded(engine, guard, target).then(
          found => ofRecorded(found, guarded),
          (error: unknown) => toSeen(target, error),
        );
    return worstOf([...(await listed), recorded]);
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
        // Nobody asks for the removal of what was refused, and a restart policy would bring the rest back.
        const left = await toEach(target, ({ id }) => remove(id, target));
        if (left.outcome !== 'refused') return left;
        return { ...left, detail: `${left.detail}; the containers that do carry its label were removed` };
      } catch (error) {
        const isUnreachable = error instanceof EngineError && error.reason === 'unreachable';
        if (isUnreachable && target.containerId === undefined) {
          return { outcome: 'skipped', detail: 'no container recorded and no engine reachable' };
        }
        return toSeen(target, error);
      }
    },
    remove: target =>
      toEach(target, ({ id }) => remove(id, target)).catch((error: unknown) => toSeen(target, error)),
  };
}

async function ofRecorded(found: Recorded, work: (container: Found) => Promise<Seen>): Promise<Seen> {
  switch (found.kind) {
    case 'own':
      return work(found.container);
    case 'gone':
      return { outcome: 'alreadyGone' };
    case 'refused':
      return { outcome: 'refused', detail: found.detail };
  }
}
