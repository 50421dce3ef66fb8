/** More than a host runs in a day; some 100 bytes each. */
const MOST = 10_000;

/** Agents that this process has marked killed lately: known here, whatever becomes of the store. */
export interface RecentKills {
  add(agentId: string): void;
  has(agentId: string): boolean;
}

/** @param most the oldest is forgotten for each that is more */
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
