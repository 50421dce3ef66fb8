import type { Target } from '../../ports/sandbox.js';
import { type ContainerId, toContainerId } from './container-id.js';
import { labelsOnDisk } from './disk.js';
import type { ContainerMap } from './map.js';
import { type Guard, NO_ID, obstacleOf } from './recorded.js';
import { waitAtMost } from './wait-at-most.js';

/** Whose the recorded container is, found out without the engine. */
export type Owner =
  | { readonly kind: 'none' }
  | { readonly kind: 'own'; readonly id: ContainerId }
  | { readonly kind: 'refused'; readonly detail: string }
  | { readonly kind: 'unchecked'; readonly id: ContainerId };

export interface OwnerCheckOptions {
  readonly map: ContainerMap;
  readonly guard: Guard;
  /** Whether the map holds all that carries the label. */
  readonly isLive: () => boolean;
  readonly dataRoot: string;
}

/** Does not reject, and resolves within {@link PATIENCE} milliseconds. */
export type OwnerCheck = (target: Target) => Promise<Owner>;

/** Milliseconds for reading the disk: one that hangs must not hold up a kill. */
const PATIENCE = 300;

/**
 * Decides whether the container that a record names may be killed while the engine does not answer. In this order:
 *
 * 1. What the engine reported to this node about its label, also before a restart: the agent's own is killed, another
 *    agent's is not. While the map holds all that is labelled, a container that it does not have carries no label.
 * 2. What the engine has written to its own disk, if this user may read that: it counts as the engine's answer.
 * 3. If there is neither, it is `unchecked`, and is killed once the engine has failed to answer: an emergency stop
 *    must work without the engine. In that case alone a false record can have a foreign container killed, and the
 *    outcome says that the label could not be checked.
 */
export function createOwnerCheck({ map, guard, isLive, dataRoot }: OwnerCheckOptions): OwnerCheck {
  return async target => {
    if (target.id === undefined) return { kind: 'none' };
    const id = toContainerId(target.id);
    if (id === undefined) return { kind: 'refused', detail: NO_ID };
    const judge = (labels: Readonly<Record<string, string>>): Owner => {
      const detail = obstacleOf(labels, guard, target);
      return detail === undefined ? { kind: 'own', id } : { kind: 'refused', detail };
    };
    const owner = map.ownerOf(id);
    if (owner !== undefined) return judge({ [guard.label]: owner });
    if (isLive()) return judge({});
    const labels = await waitAtMost(labelsOnDisk(dataRoot, id), PATIENCE);
    return labels === undefined ? { kind: 'unchecked', id } : judge(labels);
  };
}
