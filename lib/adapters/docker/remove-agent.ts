import type { Target } from '../../ports/sandbox.js';
import type { EnginePath } from './engine-path.js';
import type { Listing } from './listing.js';
import type { ContainerMap } from './map.js';
import type { Remover } from './remove-container.js';
import { type Seen, seenOf, worstOf } from './seen.js';
import { waitAtMost } from './wait-at-most.js';

export interface RemovalWays {
  readonly enginePath: EnginePath;
  readonly remove: Remover;
  readonly list: Listing;
  readonly map: ContainerMap;
  /** Whether the map holds all that carries the label. */
  readonly isLive: () => boolean;
}

/** Milliseconds after which an engine that has not removed anything yet is asked whether it is there at all. */
const PATIENCE = 1500;

/** Removes all containers of an agent: those in the map while it is complete, or else those that the engine lists. */
export function createAgentRemover(ways: RemovalWays): (target: Target) => Promise<Seen> {
  const { enginePath, remove, list, map, isLive } = ways;

  return async target => {
    const own = map.of(target.agentId);
    const { id: containerId } = target;
    const isWhole = containerId === undefined || own.some(({ id }) => id === containerId);
    if (!isLive() || own.length === 0 || !isWhole) return enginePath.remove(target);
    const removed = Promise.all(own.map(({ id }) => remove(id, target))).then(worstOf);
    const early = await waitAtMost(removed, PATIENCE);
    if (early !== undefined) return early;
    const failure = list(target.agentId).then(() => undefined, seenOf);
    return Promise.race([removed, failure.then(seen => seen ?? removed)]);
  };
}
