import type { Core } from '../../../lib/ports/core.js';
import type { Sandbox, Target } from '../../../lib/ports/sandbox.js';
import type { Worktrees } from '../../../lib/ports/worktrees.js';
import type { AgentOptions, BenchAgent } from '../../fakes/core.js';

/** A core with the means to start agents for it. Sandboxing is on; no agent is there at first. */
export interface Bench {
  readonly core: Core;
  /** Starts the agent in a container unless told, lays its worktree unless told, and registers it. */
  agent(agentId: string, options?: AgentOptions): Promise<BenchAgent>;
  close(): Promise<void>;
}

const fault = (): Promise<never> => Promise.reject(new Error('a secret path: /home/agent/.ssh/id_ed25519'));

/** The same sandbox, in which one method fails before it does anything; for these agents, or for all. */
export const failing = (
  sandbox: Sandbox,
  method: 'kill' | 'remove',
  agentIds?: readonly string[],
): Sandbox => {
  const fails = ({ agentId }: Target): boolean => agentIds?.includes(agentId) ?? true;
  return {
    kind: sandbox.kind,
    probe: () => sandbox.probe(),
    pause: (target, deadline) => sandbox.pause(target, deadline),
    resume: (target, deadline) => sandbox.resume(target, deadline),
    kill: (target, options) => (method === 'kill' && fails(target) ? fault() : sandbox.kill(target, options)),
    remove: (target, deadline) =>
      method === 'remove' && fails(target) ? fault() : sandbox.remove(target, deadline),
  };
};

export const withoutWorktrees = (worktrees: Worktrees): Worktrees => ({
  probe: () => worktrees.probe(),
  clear: fault,
});
