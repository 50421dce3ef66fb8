import type { JWTPayload, JWTVerifyGetKey, JWTVerifyOptions } from 'jose';
import { decodeProtectedHeader } from 'jose/decode/protected_header';
import * as errors from 'jose/errors';
import { jwtVerify } from 'jose/jwt/verify';
import type { Actor } from '../../domain/actor.js';
import { KillswitchError, stackless } from '../../domain/errors.js';
import { type Revocations, revokedBy } from '../../domain/revocation.js';
import { secretSchema } from '../../domain/secret.js';
import type { Authenticator, ShownWith } from '../../ports/authenticator.js';
import type { Clock, Log } from '../../ports/runtime.js';
import { bearerToken, isCanonical } from './bearer.js';
import { mismatch } from './binding.js';
import { type Claims, Refusal, readClaims, toActor } from './claims.js';
import type { KeyCache } from './key-cache.js';
import { keySetAlgorithms } from './key-set.js';
import { createRefusedTokens } from './refused-tokens.js';

export interface VerifierOptions {
  /** For HS256: at least 32 bytes. */
  readonly secret?: string;
  /** For HS256 too, while it is being exchanged for `secret`. */
  readonly previousSecret?: string;
  /** For EdDSA, Ed25519, ES256 and RS256. */
  readonly keys?: Pick<KeyCache, 'find' | 'health'>;
  readonly audience: string;
  /** Checked if it is given. */
  readonly issuer?: string;
  /** The most that a token may be good for, from `iat`, or from now where that is earlier or absent. Absent: any. */
  readonly maxAgeSeconds?: number;
  /**
   * By which gateways know this server, in the claim `to`. An order for another one is refused. Absent: it is not
   * known, and what gateways pass on may only stop.
   */
  readonly recipients?: readonly string[];
  /** What is signed and counts no more, as it is known now. */
  readonly revocations?: () => Revocations;
  /**
   * Marks an ID as used for some seconds, in one atomic step, and tells whether it was used before. `unknown`, or
   * a rejection: nobody can tell now.
   */
  readonly markUsed: (id: string, ttlSeconds: number) => Promise<'first' | 'seen' | 'unknown'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
}

const TOLERANCE_SECONDS = 30;

/** A code and the name of a claim; messages and causes of jose can hold what stands in the token. */
function describe(error: unknown): { code: string; claim?: string } {
  if (error instanceof Refusal) return { code: error.code, ...(error.claim && { claim: error.claim }) };
  if (error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired) {
    return { code: error.code, claim: error.claim };
  }
  return { code: error instanceof errors.JOSEError ? error.code : 'unexpected' };
}

const isOfAnotherSecret = (token: string, error: unknown): boolean =>
  error instanceof errors.JWSSignatureVerificationFailed && decodeProtectedHeader(token).alg === 'HS256';

/** Whether a token will fail for ever: it is none, or signed with none of the secrets, which stay what they are. */
const isFinal = (token: string, error: unknown): boolean =>
  isOfAnotherSecret(token, error) || error instanceof errors.JWSInvalid;

/** A token without `kid` may fit several keys of a set: any one of them will do. */
async function verify(token: string, find: JWTVerifyGetKey, options: JWTVerifyOptions): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, find, options)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const key of error) {
      try {
        return (await jwtVerify(token, key, options)).payload;
      } catch (mismatch) {
        if (!(mismatch instanceof errors.JWSSignatureVerificationFailed)) throw mismatch;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

/** As a key, once: jose would make one of the bytes for each token. */
const hmacKey = (secret: string) =>
  crypto.subtle.importKey('raw', new TextEncoder().encode(secret), { name: 'HMAC', hash: 'SHA-256' }, false, [
    'verify',
  ]);

function keyFinder(secret: string | undefined, keys: VerifierOptions['keys']): JWTVerifyGetKey {
  const shared = secret === undefined ? undefined : hmacKey(secret);
  return (header, token) => {
    const key = header.alg === 'HS256' ? shared : keys?.find(header, token);
    if (!key) throw new errors.JOSEAlgNotAllowed();
    return key;
  };
}

/** @throws Error if there is neither a secret nor a key set, or a secret is too weak */
export function checkSecrets(secrets: readonly (string | undefined)[], hasKeys: boolean): void {
  const given = secrets.filter(secret => secret !== undefined);
  if (given.length === 0 && !hasKeys) throw new Error('Tokens need a secret or a key set');
  for (const secret of given) {
    const weak = secretSchema.safeParse(secret).error?.issues[0];
    if (weak) throw new Error(`The secret for tokens ${weak.message}`);
  }
}

function checkLifetime({ iat, exp }: Claims, now: number, most: number | undefined): void {
  if (most === undefined) return;
  const from = Math.min(iat ?? now, now);
  if (exp - from > most + TOLERANCE_SECONDS) throw new Refusal('lifetime_too_long', 'exp');
}

function checkRevocations(claims: Claims, revocations: Revocations | undefined): void {
  const by = revocations && revokedBy(revocations, claims);
  if (by) throw new Refusal('revoked', by);
}

/** An order that is passed on is for one server alone: each of the others could send here what it was sent. */
function addressed(
  { to, req, act }: Claims,
  recipients: readonly string[] | undefined,
): Pick<Actor, 'unaddressed'> {
  if (to !== undefined && recipients) {
    if (!recipients.includes(to)) throw new Refusal('another_recipient', 'to');
    return {};
  }
  const isPassedOn = to !== undefined || (req !== undefined && act !== undefined);
  return isPassedOn ? { unaddressed: true } : {};
}

/** A token that is bound to a request is no credential for any other one. */
async function checkBinding({ req }: Claims, request: ShownWith | undefined): Promise<void> {
  if (!req) return;
  const wrong = request ? await mismatch(req, { ...request, body: await request.body() }) : 'm';
  if (wrong) throw new Refusal('another_request', `req.${wrong}`);
}

/**
 * Verifies bearer tokens (RFC 7519, RFC 8725), on Node and at the edge alike. A token that is single use (`once`) is
 * used up when it is verified, whatever becomes of the request: one that ends in 403 or 404 needs a new token.
 * @throws Error if there is neither a secret nor a key set, or the secret is too weak
 */
export function createVerifier(options: VerifierOptions): Authenticator {
  const { secret, previousSecret, keys, audience, issuer, revocations, markUsed, clock, log } = options;
  checkSecrets([secret, previousSecret], keys !== undefined);
  const find = keyFinder(secret, keys);
  const findPrevious = previousSecret === undefined ? undefined : keyFinder(previousSecret, undefined);
  const refused = createRefusedTokens();
  const checks: JWTVerifyOptions = {
    algorithms: [...(secret === undefined ? [] : ['HS256']), ...(keys ? keySetAlgorithms : [])],
    audience,
    ...(issuer !== undefined && { issuer }),
    clockTolerance: TOLERANCE_SECONDS,
  };

  async function payloadOf(token: string): Promise<JWTPayload> {
    const dated = { ...checks, currentDate: new Date(clock.now()) };
    try {
      return await verify(token, find, dated);
    } catch (error) {
      if (!findPrevious || !isOfAnotherSecret(token, error)) throw error;
      return await verify(token, findPrevious, dated);
    }
  }

  async function claimsOf(token: string): Promise<Claims> {
    if (refused.has(token)) throw stackless(() => new Refusal('refused_before'));
    try {
      return readClaims(await payloadOf(token));
    } catch (error) {
      if (isFinal(token, error)) refused.add(token);
      throw error;
    }
  }

  async function use({ once, jti, exp }: Claims): Promise<Pick<Actor, 'unconfirmed'>> {
    if (!once) return {};
    // Remembered for as long as another node whose clock is behind might still take it.
    const ttlSeconds = Math.ceil(exp - clock.now() / 1000) + 2 * TOLERANCE_SECONDS;
    const seen = await markUsed(`once:${jti}`, ttlSeconds).catch(() => 'unknown' as const);
    if (seen === 'seen') throw new Refusal('used_before', 'jti');
    return seen === 'first' ? {} : { unconfirmed: true };
  }

  return {
    async authenticate(authorization, request) {
      try {
        const token = bearerToken(authorization);
        if (token === undefined) throw stackless(() => new Refusal('no_bearer_token'));
        if (!isCanonical(token)) throw stackless(() => new Refusal('not_canonical'));
        const claims = await claimsOf(token);
        checkLifetime(claims, clock.now() / 1000, options.maxAgeSeconds);
        checkRevocations(claims, revocations?.());
        const address = addressed(claims, options.recipients);
        await checkBinding(claims, request);
        return { ...toActor(claims), ...address, ...(await use(claims)) };
      } catch (error) {
        log.info(describe(error), 'A credential was refused');
        throw stackless(() => new KillswitchError('unauthenticated'));
      }
    },
    async probe() {
      const { ok, detail } = (await keys?.health()) ?? { ok: true, detail: 'shared secret' };
      return { name: 'tokens', ok, detail };
    },
  };
}
