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

/** What a credential is narrowed to: it can neither change nor read anything outside. */
export interface Within {
  readonly agentId?: string;
  readonly taskId?: string;
  readonly host?: string;
}

/** Who makes a request: from the verified credential, never from the body. */
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
   * A request forwarded by a gateway that may be meant for another server: it may stop, and nothing else.
   */
  readonly unaddressed?: true;
  /** A stored command without a valid signature: it runs, because it stops, but under no other name than `unverified`. */
  readonly unverified?: true;
}

/** The killswitch itself, when it acts on what it detects and not on a request. */
export const systemActor: Actor = {
  kind: 'local',
  subject: 'killswitch',
  scopes: new Set(scopes),
  within: {},
};
