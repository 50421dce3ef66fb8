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
  /** For HS256 too, while it is being replaced by `secret`. */
  readonly previousSecret?: string;
  /** For EdDSA, Ed25519, ES256 and RS256. */
  readonly keys?: Pick<KeyCache, 'find' | 'health'>;
  readonly audience: string;
  /** Checked if it is given. */
  readonly issuer?: string;
  /** The longest lifetime, from `iat` to `exp`; from now if `iat` is later or absent. Absent: any. */
  readonly maxAgeSeconds?: number;
  /**
   * URLs by which gateways know this server, in the claim `to`. A request for another server is refused. Absent: unknown,
   * and forwarded requests may only stop.
   */
  readonly recipients?: readonly string[];
  /** The current list of revocations. */
  readonly revocations?: () => Revocations;
  /**
   * Marks an ID as used for some seconds, in one atomic step. `first`: it was unused; `seen`: used before; `unknown`, or a
   * rejection: it cannot be checked now.
   */
  readonly markUsed: (id: string, ttlSeconds: number) => Promise<'first' | 'seen' | 'unknown'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
}

const TOLERANCE_SECONDS = 30;

/** Only a code and the name of a claim, as messages and causes of jose may contain parts of the token. */
function describe(error: unknown): { code: string; claim?: string } {
  if (error instanceof Refusal) return { code: error.code, ...(error.claim && { claim: error.claim }) };
  if (error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired) {
    return { code: error.code, claim: error.claim };
  }
  return { code: error instanceof errors.JOSEError ? error.code : 'unexpected' };
}

const isOfAnotherSecret = (token: string, error: unknown): boolean =>
  error instanceof errors.JWSSignatureVerificationFailed && decodeProtectedHeader(token).alg === 'HS256';

/** Whether a token can never become valid: it is malformed, or signed with none of the secrets. */
const isFinal = (token: string, error: unknown): boolean =>
  isOfAnotherSecret(token, error) || error instanceof errors.JWSInvalid;

/** A token without `kid` may match several keys of a set: any one may verify it. */
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

/** Imported once: jose would import the bytes again for each token. */
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

/** A forwarded request is for one server only: otherwise a server could replay here what it received itself. */
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

/** A token bound to a request is not valid for any other one. */
async function checkBinding({ req }: Claims, request: ShownWith | undefined): Promise<void> {
  if (!req) return;
  const wrong = request ? await mismatch(req, { ...request, body: await request.body() }) : 'm';
  if (wrong) throw new Refusal('another_request', `req.${wrong}`);
}

/**
 * Verifies bearer tokens (RFC 7519, RFC 8725), on Node and at the edge. A single-use token (`once`) is used up when it is
 * verified, whatever the result of the request: after a 403 or 404 a new token is needed.
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
    // Kept for as long as another node whose clock is behind might still accept it.
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
