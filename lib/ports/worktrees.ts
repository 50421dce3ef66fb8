import type { LayerOutcome } from '../domain/outcome.js';
import type { Probe } from './runtime.js';
import type { Target } from './sandbox.js';

/**
 * Checks whether a directory may be moved: not if another agent's record names it, or the records cannot be read.
 * `undefined`: it may. Never rejects.
 * @param places every spelling of the directory with the allowed root that it lies in, absolute and normalized
 */
export type Claimed = (
  places: readonly { readonly root: string; readonly path: string }[],
) => Promise<Pick<LayerOutcome, 'outcome' | 'detail'> | undefined>;

export interface Worktrees extends Probe {
  /**
   * Moves the worktree and its administrative directory into the quarantine. Only called when the agent is dead.
   * @param claimed called before an existing directory is moved; its answer, if any, is the outcome
   */
  clear(target: Target, deadline: AbortSignal, claimed?: Claimed): Promise<LayerOutcome>;
}
