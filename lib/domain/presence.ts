/** How many complete scans must have missed an agent before it counts as gone. */
const LOOKS = 2;

/** The results of the latest scans of this host. */
export interface Presence {
  /** @param agentIds found by a complete scan */
  note(agentIds: ReadonlySet<string>): void;
  /** Whether the latest scans did not find the agent; false until there were enough of them. */
  isGone(agentId: string): boolean;
}

export function createPresence(): Presence {
  let looks: readonly ReadonlySet<string>[] = [];
  return {
    note(agentIds) {
      looks = [...looks, agentIds].slice(-LOOKS);
    },
    isGone: agentId => looks.length === LOOKS && looks.every(seen => !seen.has(agentId)),
  };
}
