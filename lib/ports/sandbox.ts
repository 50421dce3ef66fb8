import type { AgentProcess, LayerName } from '../domain/agent.js';
import type { LayerOutcome } from '../domain/outcome.js';
import type { Probe } from './runtime.js';

/** What there is to stop of one agent, from its record; every string in it is the agent's and not to be trusted. */
export interface Target {
  readonly agentId: string;
  readonly operationId: string;
  readonly containerId?: string;
  readonly process?: AgentProcess;
  readonly repository?: string;
  readonly worktreePath?: string;
}

export interface KillOptions {
  /** Milliseconds between SIGTERM and SIGKILL; 0: SIGKILL at once. */
  readonly graceMs: number;
  /** Ends the waiting (never the kill): the outcome is then `pending` or `failed`. */
  readonly deadline: AbortSignal;
}

/** A kind of place where agents run. Neither `kill` nor `remove` rejects for what is gone: gone is success. */
export interface Sandbox extends Probe {
  readonly layer: Exclude<LayerName, 'worktree'>;
  /** Kills all that carries the agent's label, and what the record names if it carries it too; sees it dead. */
  kill(target: Target, options: KillOptions): Promise<LayerOutcome>;
  /** Removes the remains. Only called when `kill` saw it dead. Takes its turn in a small pool. */
  remove(target: Target, deadline: AbortSignal): Promise<LayerOutcome>;
}
