export const scopes = [
  'agents:kill',
  'agents:kill-all',
  'agents:read',
  'agents:write',
  'latch:engage',
  'latch:reset',
  'audit:read',
] as const;
export type Scope = (typeof scopes)[number];

/** What a credential is narrowed to: nothing outside may be touched or seen with it. */
export interface Within {
  readonly agentId?: string;
  readonly taskId?: string;
  readonly host?: string;
}

/** Who asks, from the verified credential and never from the body. */
export interface Actor {
  readonly kind: 'token' | 'local' | 'trigger';
  readonly subject: string;
  readonly scopes: ReadonlySet<Scope>;
  readonly within: Within;
  /** Where the request came from: an IP address, `socket` (the unix socket) or `local` (in this process). */
  readonly source?: string;
  /** The token's `jti`. */
  readonly tokenId?: string;
  /** A single-use token that could not be checked against its earlier uses: it may stop, and nothing else. */
  readonly unconfirmed?: true;
  /**
   * An order that a gateway passes on, of which it is not known here whether it is meant for this server: it may
   * stop, and nothing else.
   */
  readonly unaddressed?: true;
  /** An order whose signature does not hold: it is carried out, because it stops, and in no other name than this. */
  readonly unverified?: true;
}

/** The killswitch itself, where it acts on what it sees: nobody else has asked. */
export const systemActor: Actor = {
  kind: 'local',
  subject: 'killswitch',
  scopes: new Set(scopes),
  within: {},
};
