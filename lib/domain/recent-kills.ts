/** More than a host runs in a day; about 100 bytes each. */
const MOST = 10_000;

/** Agents that this process marked killed lately, known also while the store does not answer. */
export interface RecentKills {
  add(agentId: string): void;
  has(agentId: string): boolean;
}

/** @param most beyond it, the oldest is dropped */
export function createRecentKills(most = MOST): RecentKills {
  const killed = new Set<string>();
  return {
    add(agentId) {
      killed.delete(agentId);
      killed.add(agentId);
      if (killed.size <= most) return;
      const [oldest] = killed;
      killed.delete(oldest as string);
    },
    has: agentId => killed.has(agentId),
  };
}
