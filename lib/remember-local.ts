import type { Core } from './core.js';
import { isLocal } from './core.js';
import type { Agent } from './domain/agent.js';

/** So that it is known by more than its label when the store does not answer any more. Another host's is not kept. */
export function rememberLocal(core: Core, agent: Agent): void {
  if (isLocal(core, agent)) core.remembered.set(agent.agentId, agent);
}
