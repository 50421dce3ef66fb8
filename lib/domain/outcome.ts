import type { Status } from './agent.js';
import { type Debt, debtsOf, type Place } from './debt.js';
import { ANY_LAYER, hadRemains, type SandboxRef } from './sandbox.js';

/**
 * The outcome of stopping one layer of an agent.
 * - `dead`: every process seen to be gone (a container's remains may still be there)
 * - `removed`: gone for good; a worktree: moved into the quarantine
 * - `alreadyGone`: known from the record or to this node, and seen to be gone
 * - `notFound`: nothing was recorded, and nothing that this node can read has the label; `detail` counts the processes that
 *   it cannot read
 * - `skipped`: switched off; or no container is recorded and there is no engine here that this user may ask
 * - `blind`: the record names what this node may not read or cannot reach, or the engine that it used to ask does not
 *   answer now; owed
 * - `refused`: a guard forbids touching it, and it may still run; owed
 * - `failed`: an attempt went wrong; owed
 * - `pending`: no attempt has ended yet; owed
 *
 * Of a pause and its end alone:
 * - `paused`: every process was seen to stand still
 * - `resumed`: it was seen to run again
 */
export const outcomeNames = [
  ...(['dead', 'removed', 'alreadyGone', 'notFound', 'skipped'] as const),
  ...(['blind', 'refused', 'failed', 'pending'] as const),
  ...(['paused', 'resumed'] as const),
];
export type OutcomeName = (typeof outcomeNames)[number];

/** What was seen of one place where an agent ran, or of its worktree. */
export interface LayerOutcome extends Place {
  readonly outcome: OutcomeName;
  /** It is dead, and has left something that has to be removed. */
  readonly needsRemoval?: true;
  /** Why, in words that may be shown: no secret, no internal message. */
  readonly detail?: string;
  /** Milliseconds from the acceptance of the command until the processes were seen to be gone. */
  readonly deadAfterMs?: number;
  /** Milliseconds from the acceptance of the command until nothing of it was owed. */
  readonly settledAfterMs?: number;
  /** Paused by signals alone, which any process may undo: nothing outside of the agent's tree is held. */
  readonly weaker?: true;
  /** Where a cleared worktree lies now. */
  readonly quarantinePath?: string;
}

export interface AgentReceipt {
  readonly agentId: string;
  /** Of the operation that killed the agent; a retry answers with the first one. */
  readonly operationId: string;
  readonly statusBefore?: Status;
  readonly taskId?: string;
  readonly host?: string;
  /** At least one sandbox was seen to be gone, including all that the record names, and none may still run. */
  readonly verified: boolean;
  readonly pending: readonly Debt[];
  readonly outcomes: readonly LayerOutcome[];
  /** Why the agent could not even be marked killed. */
  readonly error?: { readonly code: string; readonly detail: string };
}

/** The answer to one accepted command. */
export interface Receipt {
  readonly operationId: string;
  readonly message: string;
  readonly dryRun?: true;
  /** Not every agent was reached yet: the numbers count those that were. */
  readonly incomplete?: true;
  /** The store did not answer: what ran on this host was stopped, and no record says so yet. */
  readonly degraded?: true;
  readonly verified: boolean;
  readonly total: number;
  /** Agents of which no known sandbox runs any more. */
  readonly killed: number;
  /** Agents not killed, or not confirmed dead yet: `total - killed`. */
  readonly failed: number;
  /** Agents that still owe a layer. */
  readonly pending: number;
  /** Agents with a layer that a guard refused to touch: it may still run, and is owed. */
  readonly refused: number;
  readonly errors?: readonly string[];
  /** What the numbers do not show: what could not be seen, what was never seen running, what matched no agent. */
  readonly warnings?: readonly string[];
  /** The first 1,000. */
  readonly agents: readonly AgentReceipt[];
}

/** What is said of an agent where no sandbox is switched on. */
export const SWITCHED_OFF: LayerOutcome = {
  layer: ANY_LAYER,
  outcome: 'skipped',
  detail: 'sandbox disabled',
};

const SEEN: ReadonlySet<OutcomeName> = new Set(['dead', 'removed', 'alreadyGone']);
const OPEN: ReadonlySet<OutcomeName> = new Set(['blind', 'refused', 'failed', 'pending']);

export const isSandbox = ({ layer }: LayerOutcome): boolean => layer !== 'worktree';

/** It may still run or exist: it is retried until it is seen to be done. */
export const isOpen = ({ outcome }: LayerOutcome): boolean => OPEN.has(outcome);

/** Whether its remains have to be removed. Outcomes of version 0.1 name no kind, and do not say so. */
const leavesRemains = ({ outcome, needsRemoval, kind, layer }: LayerOutcome): boolean =>
  outcome === 'dead' && (needsRemoval ?? (kind === undefined && hadRemains(layer)));

/** Whether this outcome leaves something to do. */
export const isOwed = (seen: LayerOutcome): boolean => isOpen(seen) || leavesRemains(seen);

/** It ran, or was known, and was seen to be gone. */
export const isSeen = ({ outcome }: LayerOutcome): boolean => SEEN.has(outcome);

export const isRefused = ({ outcome }: LayerOutcome): boolean => outcome === 'refused';

/** Whether the worktree may be moved and the agent counted as killed: no sandbox may still run. */
export const areDown = (outcomes: readonly LayerOutcome[]): boolean =>
  !outcomes.some(seen => isSandbox(seen) && isOpen(seen));

/** Whether death was seen: at least one sandbox is gone that was there, and none may still run. */
export const areVerified = (outcomes: readonly LayerOutcome[]): boolean =>
  areDown(outcomes) && outcomes.some(seen => isSandbox(seen) && isSeen(seen));

/** @param recorded the sandboxes that the record names, where it is known */
export const pendingOf = (outcomes: readonly LayerOutcome[], recorded: readonly SandboxRef[] = []): Debt[] =>
  debtsOf(outcomes.filter(isOwed), recorded, outcomes);
