export interface KillsUnderWay {
  has(agentId: string): boolean;
  /** Counts an agent as one of them while the work goes on. */
  during<T>(agentId: string, work: () => Promise<T>): Promise<T>;
}

/** Keeps which agents are being killed at the moment. */
export function createKillsUnderWay(): KillsUnderWay {
  const kills = new Map<string, number>();
  return {
    has: agentId => kills.has(agentId),
    async during(agentId, work) {
      kills.set(agentId, (kills.get(agentId) ?? 0) + 1);
      try {
        return await work();
      } finally {
        const left = (kills.get(agentId) ?? 1) - 1;
        if (left > 0) kills.set(agentId, left);
        else kills.delete(agentId);
      }
    },
  };
}
