/** How many looks that saw everything must have missed an agent before it is called gone. */
const LOOKS = 2;

/** What the latest looks at this host saw. */
export interface Presence {
  /** @param agentIds of a look that saw everything there was */
  note(agentIds: ReadonlySet<string>): void;
  /** Whether the latest looks did not see it; false until there were enough of them. */
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
