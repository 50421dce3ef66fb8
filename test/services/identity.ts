/** What an installation knows its agents by. */
export interface Identity {
  /** Label of a container. */
  readonly label: string;
  /** Environment variable of a process. */
  readonly variable: string;
}

const usual: Identity = { label: 'killswitch.agent-id', variable: 'KILLSWITCH_AGENT_ID' };
let latest = usual;
let count = 0;

/** One that nobody else has: a kill-all reaches whatever carries it on this host, and nothing more. */
export function newIdentity(): Identity {
  const own = `${process.pid}_${Date.now()}_${count++}`;
  return { label: `test.${own}`, variable: `TEST_AGENT_${own}` };
}

/** That of the settings which this test file made last, or else the usual one. */
export const latestIdentity = (): Identity => latest;

export function setIdentity(identity: Identity): void {
  latest = identity;
}
