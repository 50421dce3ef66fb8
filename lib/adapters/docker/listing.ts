import { setImmediate as endOfTick } from 'node:timers/promises';
import type { Engine, Found } from './engine.js';
import { waitAtMost } from './wait-at-most.js';

/** How long a list call that is under way may keep the next one back, in milliseconds. */
const PATIENCE = 50;

/** Finds the containers of an agent by its label, in whatever state. Rejects with an `EngineError`. */
export type Listing = (agentId: string) => Promise<readonly Found[]>;

interface Round {
  readonly agentIds: Set<string>;
  readonly found: Promise<readonly Found[]>;
}

/**
 * Shares the engine's list calls: all who ask before a call goes out get its answer, so that a stop of sixty agents
 * costs one call. No caller gets the answer of a call that went out before they asked.
 */
export function createListing(engine: Engine, label: string): Listing {
  let next: Round | undefined;
  let underWay: Promise<unknown> = Promise.resolve();

  const send = async (agentIds: ReadonlySet<string>): Promise<readonly Found[]> => {
    await waitAtMost(underWay, PATIENCE);
    await endOfTick();
    next = undefined;
    const [only] = agentIds;
    const answer = engine.list(agentIds.size === 1 ? `${label}=${only}` : label);
    underWay = answer.catch(() => undefined);
    return answer;
  };

  return async agentId => {
    if (next === undefined) {
      const agentIds = new Set<string>();
      next = { agentIds, found: send(agentIds) };
    }
    next.agentIds.add(agentId);
    const found = await next.found;
    return found.filter(({ labels }) => labels[label] === agentId);
  };
}
