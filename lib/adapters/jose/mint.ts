import type { JWK } from 'jose';
import { SignJWT } from 'jose/jwt/sign';
import { importJWK } from 'jose/key/import';
import type { Scope, Within } from '../../domain/actor.js';
import { secretSchema } from '../../domain/secret.js';
import { type BoundRequest, bindingOf } from './binding.js';

export interface MintOptions {
  /** Signs with HS256. */
  readonly secret?: string;
  /** Signs with the algorithm of the key: Ed25519 (`EdDSA`), P-256 (`ES256`) or RSA (`RS256`). RFC 7517. */
  readonly privateJwk?: Readonly<Record<string, unknown>>;
  readonly subject: string;
  readonly scopes: readonly Scope[];
  readonly audience: string;
  readonly issuer?: string;
  readonly within?: Within;
  readonly ttlSeconds: number;
  /** Single use. */
  readonly once?: boolean;
  /** Binds it to this one request. It may then have no scope: the server refuses it. */
  readonly request?: BoundRequest;
  /** The one server that it is for, by its URL without a slash at the end: the claim `to`. */
  readonly recipient?: string;
  /** The gateway that forwards the request for the subject: the claim `act` of RFC 8693 section 4.1. */
  readonly via?: string;
  /** The subject's address: the claim `src`, which only counts with `request`. */
  readonly source?: string;
}

const algorithms: Readonly<Record<string, string>> = { OKP: 'EdDSA', EC: 'ES256', RSA: 'RS256' };

type SigningKey = { key: Parameters<SignJWT['sign']>[0]; header: { alg: string; kid?: string } };

async function signingKey({ secret, privateJwk }: MintOptions): Promise<SigningKey> {
  if ((secret === undefined) === (privateJwk === undefined)) {
    throw new Error('A token is signed with either a secret or a private key');
  }
  if (secret !== undefined) {
    const weak = secretSchema.safeParse(secret).error?.issues[0];
    if (weak) throw new Error(`The secret for tokens ${weak.message}`);
    return { key: new TextEncoder().encode(secret), header: { alg: 'HS256' } };
  }
  const jwk = { ...privateJwk } as JWK;
  const alg = jwk.alg ?? algorithms[jwk.kty ?? ''];
  if (alg === undefined || jwk.d === undefined)
    throw new Error('The key is not a private key for EdDSA, ES256 or RS256');
  return { key: await importJWK(jwk, alg), header: { alg, ...(jwk.kid !== undefined && { kid: jwk.kid }) } };
}

/**
 * Mints a token for `openTokens`, with a random `jti`.
 * @throws Error for a weak secret, neither a scope nor a request, or a lifetime that is not a whole number of seconds
 */
export async function mintToken(options: MintOptions): Promise<string> {
  const {
    subject,
    scopes,
    audience,
    issuer,
    within = {},
    ttlSeconds,
    once,
    request,
    recipient,
    via,
    source,
  } = options;
  if (subject === '' || subject.length > 256) throw new Error('The subject has 1 to 256 characters');
  if (scopes.length === 0 && !request) throw new Error('A token needs at least one scope');
  if (!Number.isSafeInteger(ttlSeconds) || ttlSeconds <= 0) {
    throw new Error('The lifetime is a whole number of seconds above 0');
  }
  const { key, header } = await signingKey(options);
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    sub: subject,
    aud: audience,
    ...(issuer !== undefined && { iss: issuer }),
    scope: scopes.join(' '),
    ...(within.agentId !== undefined && { agent: within.agentId }),
    ...(within.taskId !== undefined && { task: within.taskId }),
    ...(within.host !== undefined && { host: within.host }),
    ...(once && { once: true }),
    ...(request && { req: await bindingOf(request) }),
    ...(recipient !== undefined && { to: recipient }),
    ...(via !== undefined && { act: { sub: via } }),
    ...(source !== undefined && { src: source }),
    jti: crypto.randomUUID(),
    iat: now,
    exp: now + ttlSeconds,
  };
  return await new SignJWT(claims).setProtectedHeader(header).sign(key);
}
