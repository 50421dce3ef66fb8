import type { LayerOutcome } from '../domain/outcome.js';
import type { Probe } from './runtime.js';
import type { Target } from './sandbox.js';

/**
 * What the records say against moving a directory: that another agent's names it, or that they cannot be read.
 * `undefined`: nothing. Never rejects.
 * @param places every spelling of the directory with the allowed root that it lies in, absolute and normalized
 */
export type Claimed = (
  places: readonly { readonly root: string; readonly path: string }[],
) => Promise<Pick<LayerOutcome, 'outcome' | 'detail'> | undefined>;

export interface Worktrees extends Probe {
  /**
   * Moves the worktree and its administrative directory into the quarantine. Only called when the agent is dead.
   * @param claimed is asked before something that stands there is moved, and its answer is then the outcome
   */
  clear(target: Target, deadline: AbortSignal, claimed?: Claimed): Promise<LayerOutcome>;
}
