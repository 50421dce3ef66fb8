import * as z from 'zod';
import { type Actor, type Scope, scopes } from '../../domain/actor.js';
import { agentIdSchema } from '../../domain/agent.js';
import { LAST_SECOND } from '../../util/dates.js';
import { bindingSchema } from './binding.js';

/**
 * The claims that we read of a token whose signature, times, audience and issuer are already verified. A malformed claim
 * that narrows the token or limits its use is an error, never ignored.
 */
const claimsSchema = z.object({
  sub: z.string().min(1).max(256),
  aud: z.union([z.string(), z.array(z.string())]),
  exp: z.number().max(LAST_SECOND),
  iat: z.number().optional(),
  scope: z.string(),
  agent: agentIdSchema.optional(),
  task: z.string().min(1).max(1024).optional(),
  host: z.string().min(1).max(255).optional(),
  jti: z.string().min(1).max(256).optional(),
  once: z.boolean().optional(),
  req: bindingSchema.optional(),
  /** Of a request forwarded by a gateway: the one server that it is for, by its URL. */
  to: z.string().min(1).max(2048).optional(),
  /** The gateway that forwards it (RFC 8693 section 4.1). Only its presence matters. */
  act: z.unknown().optional(),
  /** Of a request forwarded by a gateway: the client's address. */
  src: z.union([z.ipv4(), z.ipv6()]).optional(),
});
export type Claims = z.infer<typeof claimsSchema>;

const isScope = (name: string): name is Scope => scopes.some(scope => scope === name);

/** Why a token was refused, for the log. Contains no value of a claim. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: string;
  readonly claim: string | undefined;

  constructor(code: string, claim?: string) {
    super(code);
    this.code = code;
    this.claim = claim;
  }
}

/** @throws Refusal that names the first claim that is wrong */
export function readClaims(payload: unknown): Claims {
  const { data, error } = claimsSchema.safeParse(payload);
  if (error) throw new Refusal('claim_malformed', error.issues[0]?.path.join('.'));
  if (data.once && data.jti === undefined) throw new Refusal('claim_missing', 'jti');
  return data;
}

/** Unknown scopes belong to other services and are ignored. */
export function toActor({ sub, scope, agent, task, host, jti, req, src }: Claims): Actor {
  return {
    kind: 'token',
    subject: sub,
    scopes: new Set(scope.split(' ').filter(isScope)),
    within: {
      ...(agent !== undefined && { agentId: agent }),
      ...(task !== undefined && { taskId: task }),
      ...(host !== undefined && { host }),
    },
    ...(jti !== undefined && { tokenId: jti }),
    // Only for a token bound to one request: a reused one would hide where other requests come from.
    ...(req && src !== undefined && { source: src }),
  };
}
