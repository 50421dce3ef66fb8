import type { LayerName, Status } from './agent.js';

/**
 * What was seen of one layer.
 * - `dead`: every process seen to be gone (a container's remains may still be there)
 * - `removed`: gone altogether; a worktree: moved into the quarantine
 * - `alreadyGone`: the record or this node knew it, and it is seen to be gone
 * - `notFound`: nothing was recorded, and nothing that this node may read carries the label; `detail` counts the
 *   processes that it may not read
 * - `skipped`: switched off; or no container is recorded and there is no engine here that this user may ask
 * - `blind`: the record names what this node may not read or cannot reach, or the engine that it used to ask does not
 *   answer now; owed
 * - `refused`: a guard forbids touching it, and it may still run; owed
 * - `failed`: an attempt went wrong; owed
 * - `pending`: no attempt has ended yet; owed
 */
export const outcomeNames = [
  ...(['dead', 'removed', 'alreadyGone', 'notFound', 'skipped'] as const),
  ...(['blind', 'refused', 'failed', 'pending'] as const),
];
export type OutcomeName = (typeof outcomeNames)[number];

export interface LayerOutcome {
  readonly layer: LayerName;
  readonly outcome: OutcomeName;
  /** Why, in words that may be shown: no secret, no internal message. */
  readonly detail?: string;
  /** Milliseconds from the acceptance of the command until the processes were seen to be gone. */
  readonly deadAfterMs?: number;
  /** Milliseconds from the acceptance of the command until nothing of this layer was owed. */
  readonly settledAfterMs?: number;
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
  /** Every sandbox layer was seen dead or gone, at least one, and no layer was refused. */
  readonly verified: boolean;
  readonly pending: readonly LayerName[];
  readonly outcomes: readonly LayerOutcome[];
  /** Why the agent could not even be marked killed. */
  readonly error?: { readonly code: string; readonly detail: string };
}

/** The answer to one accepted command. */
export interface Receipt {
  readonly operationId: string;
  readonly message: string;
  readonly dryRun?: true;
  /** Not every agent was reached, or not yet: the numbers are of those that were. */
  readonly incomplete?: true;
  /** The store did not answer: what ran on this host was stopped, and no record says so yet. */
  readonly degraded?: true;
  readonly verified: boolean;
  readonly total: number;
  /** Agents of which nothing runs any more, as far as a sandbox is known. */
  readonly killed: number;
  /** Agents not killed, or not confirmed dead yet: `total - killed`. */
  readonly failed: number;
  /** Agents that still owe a layer. */
  readonly pending: number;
  /** Agents of which a guard forbade to touch a layer; nobody will. */
  readonly refused: number;
  readonly errors?: readonly string[];
  /** The first 1,000. */
  readonly agents: readonly AgentReceipt[];
}

const isSandbox = (layer: LayerName): boolean => layer !== 'worktree';
const SEEN: ReadonlySet<OutcomeName> = new Set(['dead', 'removed', 'alreadyGone']);
const OPEN: ReadonlySet<OutcomeName> = new Set(['blind', 'failed', 'pending']);

/** Whether this outcome leaves something to do. A dead container still has to be removed. */
export const isOwed = ({ layer, outcome }: LayerOutcome): boolean =>
  OPEN.has(outcome) || (layer === 'container' && outcome === 'dead');

/** Its processes were seen to be gone; that stays true when the removal of their remains goes wrong afterwards. */
export const isSeen = ({ outcome, deadAfterMs }: LayerOutcome): boolean =>
  SEEN.has(outcome) || deadAfterMs !== undefined;

/** Nothing runs of it, as far as could be seen. */
export const isDown = (seen: LayerOutcome): boolean =>
  isSeen(seen) || seen.outcome === 'skipped' || seen.outcome === 'notFound';

/** Whether the worktree may be moved and the agent counted as killed: no sandbox layer may still run. */
export const areDown = (outcomes: readonly LayerOutcome[]): boolean =>
  outcomes.filter(({ layer }) => isSandbox(layer)).every(isDown);

export const isRefused = ({ outcome }: LayerOutcome): boolean => outcome === 'refused';

/** Whether death was seen, and nothing refused: a layer that was only skipped proves nothing. */
export const areVerified = (outcomes: readonly LayerOutcome[]): boolean =>
  areDown(outcomes) &&
  !outcomes.some(isRefused) &&
  outcomes.some(seen => isSandbox(seen.layer) && isSeen(seen));

export const pendingOf = (outcomes: readonly LayerOutcome[]): LayerName[] => [
  ...new Set(outcomes.filter(isOwed).map(({ layer }) => layer)),
];
