import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { openTokens, type TokensOptions } from '../../lib/adapters/jose/tokens.js';

export const SECRET = 'a shared secret of 32 bytes or more';

export interface SigningKey {
  readonly alg: string;
  readonly kid: string | undefined;
  readonly privateKey: CryptoKey;
  readonly privateJwk: JWK;
  readonly publicJwk: JWK;
}

export async function makeKey(alg: string, kid?: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const named = { alg, ...(kid !== undefined && { kid }) };
  return {
    alg,
    kid,
    privateKey,
    privateJwk: { ...(await exportJWK(privateKey)), ...named },
    publicJwk: { ...(await exportJWK(publicKey)), ...named },
  };
}

export const keySet = (...keys: readonly SigningKey[]): string =>
  JSON.stringify({ keys: keys.map(key => key.publicJwk) });

export const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds;

/** The claims of a token that is good; a member that is `undefined` is left out. */
export const claimsWith = (changes: Readonly<Record<string, unknown>> = {}) => ({
  sub: 'alice',
  aud: 'killswitch',
  exp: inSeconds(60),
  scope: 'agents:kill',
  ...changes,
});

/** An `Authorization` field with a token over any claims. */
export async function bearer(
  claims: Readonly<Record<string, unknown>>,
  key: SigningKey | Uint8Array = new TextEncoder().encode(SECRET),
  header: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const own =
    key instanceof Uint8Array ? { alg: 'HS256' } : { alg: key.alg, ...(key.kid && { kid: key.kid }) };
  const token = new SignJWT(claims).setProtectedHeader({ ...own, ...header });
  return `Bearer ${await token.sign(key instanceof Uint8Array ? key : key.privateKey)}`;
}

/** Serves a key set on loopback until it is killed. */
export async function startProvider(body: string) {
  const state = { body, status: 200, location: undefined as string | undefined, requests: 0 };
  const server = createServer((_request, response) => {
    state.requests++;
    response.writeHead(state.status, state.location === undefined ? {} : { location: state.location });
    response.end(state.body);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const die = () =>
    new Promise<void>(resolve => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { state, url: `http://127.0.0.1:${port}/keys`, die };
}

/** Tokens on a clock whose monotonic half is moved by hand, with what was logged. */
export async function openTestTokens(options: Partial<TokensOptions>) {
  const time = { monotonic: 0 };
  const logged: { level: string; entry: object; message: string }[] = [];
  const at = (level: string) => (entry: object, message: string) =>
    void logged.push({ level, entry, message });
  const tokens = await openTokens({
    audience: 'killswitch',
    markUsed: async () => 'first',
    clock: { now: () => Date.now(), monotonic: () => time.monotonic },
    log: { info: at('info'), warn: at('warn'), error: at('error') },
    ...options,
  });
  return { tokens, time, logged };
}
