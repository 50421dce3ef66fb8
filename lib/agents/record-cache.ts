import type { Agent } from '../domain/agent.js';
import type { Core } from '../ports/core.js';
import { isLocal } from '../ports/core.js';

/** So that it is known by more than its label when the store does not answer any more. Another host's is not kept. */
export function cacheRecord(core: Core, agent: Agent): void {
  if (isLocal(core, agent)) core.recordCache.set(agent.agentId, agent);
}
