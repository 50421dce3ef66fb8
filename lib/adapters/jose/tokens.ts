import type { Authenticator } from '../../ports/authenticator.js';
import type { Clock, Probe } from '../../ports/runtime.js';
import { fileSource } from './file-source.js';
import { openKeyCache } from './key-cache.js';
import { openRevocationCache } from './revocation-cache.js';
import { urlSource } from './url-source.js';
import { checkSecrets, createVerifier, type VerifierOptions } from './verifier.js';

export interface TokensOptions extends Omit<VerifierOptions, 'keys' | 'revocations' | 'clock'> {
  /** For EdDSA, Ed25519, ES256 and RS256: where the JSON Web Key Set is. */
  readonly jwks?: { readonly file: string } | { readonly url: string };
  /** The file that lists revoked tokens and subjects. */
  readonly revoked?: string;
  readonly clock: Clock;
  readonly fetch?: typeof globalThis.fetch;
}

export interface Tokens extends Authenticator {
  /** The state of the list of revocations, if there is one. */
  readonly revocations?: Probe;
  close(): Promise<void>;
}

/**
 * Verifies bearer tokens on Node, with keys that are cached and refreshed in the background.
 *
 * A key set that cannot be loaded yet does not reject here: its tokens are refused, `probe` reports it, and loading is
 * retried.
 * @throws Error if there is neither a secret nor a key set, the secret is too weak, or the list of revocations cannot
 *   be read
 */
export async function openTokens(options: TokensOptions): Promise<Tokens> {
  const { jwks, revoked, fetch = globalThis.fetch, ...rest } = options;
  checkSecrets([rest.secret, rest.previousSecret], jwks !== undefined);
  const revocations = revoked === undefined ? undefined : await openRevocationCache(revoked, rest);
  const source = jwks && ('file' in jwks ? fileSource(jwks.file) : urlSource(jwks.url, fetch));
  const keys = source && openKeyCache(source, rest);
  return {
    ...createVerifier({
      ...rest,
      ...(keys && { keys }),
      ...(revocations && { revocations: revocations.current }),
    }),
    ...(revocations && { revocations }),
    async close() {
      keys?.close();
      revocations?.close();
    },
  };
}
