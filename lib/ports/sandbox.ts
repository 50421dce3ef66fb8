import type { LayerOutcome } from '../domain/outcome.js';
import type { SandboxKind, SandboxRef } from '../domain/sandbox.js';
import type { Probe } from './runtime.js';

/** What to stop of one agent, from its record; every string in it is untrusted. */
export interface Target {
  readonly agentId: string;
  readonly operationId: string;
  /** The sandbox of the asked kind that the record names; absent: it names none. Need not be one, nor the agent's. */
  readonly id?: string;
  /** Everything that the record names, of every kind. */
  readonly sandboxes?: readonly SandboxRef[];
  readonly repository?: string;
  readonly worktreePath?: string;
  /** How it was found: the name of a detector, or `variable` or `label`; absent: its orchestrator registered it. */
  readonly detector?: string;
  /** The boot of the machine in which its processes ran. */
  readonly bootId?: string;
}

export interface KillOptions {
  /** Milliseconds between SIGTERM and SIGKILL; 0: SIGKILL at once. */
  readonly graceMs: number;
  /** Ends the wait, never the kill: the outcome is then `pending` or `failed`. */
  readonly deadline: AbortSignal;
  /** Processes that other agents need as well are stopped too. */
  readonly shared?: boolean;
}

/**
 * A kind of place where agents run. `kill` and `remove` treat what is gone as success, and do not reject for it. Their
 * outcomes carry the `kind`, and the `id` of the target. An agent of which the record names several is asked about one by
 * one, at the same time.
 */
export interface Sandbox extends Probe {
  readonly kind: SandboxKind;
  /**
   * Kills everything with the agent's label, including what the record names if it has the label, and sees it dead. Sets
   * `needsRemoval` where `remove` has something to do.
   */
  kill(target: Target, options: KillOptions): Promise<LayerOutcome>;
  /**
   * Runs the code of a `kill` that succeeds for an agent that does not exist, and reaches nothing. Absent where `kill`
   * itself can be called for that.
   */
  rehearse?(target: Target, options: KillOptions): Promise<LayerOutcome>;
  /**
   * Freezes everything with the agent's label, and sees it frozen: `paused`; `alreadyGone` if nothing of it runs. Where it
   * is `refused`, it runs as before.
   */
  pause(target: Target, deadline: AbortSignal): Promise<LayerOutcome>;
  /** Lets go what a pause has frozen, and sees it run: `resumed`. What was not frozen runs on. */
  resume(target: Target, deadline: AbortSignal): Promise<LayerOutcome>;
  /** What `kill` saw dead may run again by the time that `remove` gives up. Absent: its remains stay dead. */
  readonly mayComeBack?: true;
  /** Removes the remains. Only called after an outcome of `kill` with `needsRemoval`. Runs in a small pool. */
  remove(target: Target, deadline: AbortSignal): Promise<LayerOutcome>;
}
