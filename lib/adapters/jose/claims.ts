import * as z from 'zod';
import { type Actor, type Scope, scopes } from '../../domain/actor.js';
import { agentIdSchema } from '../../domain/agent.js';
import { LAST_SECOND } from '../../util/dates.js';
import { bindingSchema } from './binding.js';

/**
 * The claims that we read, of a token whose signature, times, audience and issuer are verified already. A claim
 * that narrows the token or limits its use is never ignored because it is malformed.
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
  /** Of an order that a gateway passes on: the one server that it is for, by its URL. */
  to: z.string().min(1).max(2048).optional(),
  /** Who passes it on. Only whether there is one counts. */
  act: z.unknown().optional(),
  /** Of an order that a gateway passes on: the address that it came from. */
  src: z.union([z.ipv4(), z.ipv6()]).optional(),
});
export type Claims = z.infer<typeof claimsSchema>;

const isScope = (name: string): name is Scope => scopes.some(scope => scope === name);

/** Why a token was refused, for the log: no value of a claim is in it. */
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

/** Scopes that we do not know are another service's and count for nothing here. */
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
    // A token for more than one request would hide where the others come from.
    ...(req && src !== undefined && { source: src }),
  };
}
