import type { Agent } from '../domain/agent.js';
import type { Core } from '../ports/core.js';
import { isLocal } from '../ports/core.js';

/** Keeps a local agent's record in memory for when the store does not answer. Records of other hosts are not kept. */
export function cacheRecord(core: Core, agent: Agent): void {
  if (isLocal(core, agent)) core.recordCache.set(agent.agentId, agent);
}
