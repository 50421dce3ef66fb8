import type { Target } from '../../ports/sandbox.js';
import { toContainerId } from './container-id.js';
import type { Engine, Found } from './engine.js';

export interface Guard {
  /** Key of the label that has to equal the agent's ID. */
  readonly label: string;
  /** Whether a recorded container without the label is left alone. Another agent's label always protects. */
  readonly requireLabel: boolean;
}

/** The container that a record names: none, the agent's own, gone, or not to be touched. */
export type Recorded =
  | { readonly kind: 'none' }
  | { readonly kind: 'own'; readonly container: Found }
  | { readonly kind: 'gone' }
  | { readonly kind: 'refused'; readonly detail: string };

/** Looks up the container that the record names, which need not be the agent's. */
export async function lookAtRecorded(engine: Engine, guard: Guard, target: Target): Promise<Recorded> {
  if (target.id === undefined) return { kind: 'none' };
  const id = toContainerId(target.id);
  if (id === undefined) return { kind: 'refused', detail: NO_ID };
  const container = await engine.find(id);
  if (container === undefined) return { kind: 'gone' };
  const detail = obstacleOf(container.labels, guard, target);
  return detail === undefined ? { kind: 'own', container } : { kind: 'refused', detail };
}

export const NO_ID = 'the recorded container ID is not 64 hexadecimal digits';

/** Why a container with these labels is not the agent's; undefined if it is. */
export function obstacleOf(
  labels: Found['labels'],
  { label, requireLabel }: Guard,
  { agentId }: Target,
): string | undefined {
  const owner = labels[label];
  if (owner === agentId || (owner === undefined && !requireLabel)) return undefined;
  return owner === undefined
    ? `the recorded container has no label ${label}; KILLSWITCH_REQUIRE_LABEL=false would allow it`
    : 'the recorded container carries the label of another agent';
}
