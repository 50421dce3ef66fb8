import { describe, expect, it, onTestFinished } from 'vitest';
import { bearerToken } from '../../lib/adapters/jose/bearer.js';
import { readKeySet } from '../../lib/adapters/jose/key-set.js';
import { type MintOptions, mintToken } from '../../lib/adapters/jose/mint.js';
import type { TokensOptions } from '../../lib/adapters/jose/tokens.js';
import { createVerifier } from '../../lib/adapters/jose/verifier.js';
import { bearer, claimsWith, makeKey, openTestTokens, SECRET } from '../fakes/identity-provider.js';

async function open(options: Partial<TokensOptions> = {}) {
  const opened = await openTestTokens({ secret: SECRET, ...options });
  onTestFinished(opened.tokens.close);
  return opened;
}
const refused = { code: 'unauthenticated' };
const issuer = 'https://issuer.example';

describe('where an issuer is configured, a token', () => {
  it('of that issuer is taken', async () => {
    const { tokens } = await open({ issuer });
    expect(await tokens.authenticate(await bearer(claimsWith({ iss: issuer })))).toMatchObject({
      subject: 'alice',
    });
  });

  it.each(['https://mallory.example', undefined])('of %s is refused', async iss => {
    const { tokens, logged } = await open({ issuer });
    await expect(tokens.authenticate(await bearer(claimsWith({ iss })))).rejects.toMatchObject(refused);
    expect(logged).toMatchObject([{ entry: { claim: 'iss' }, message: 'A credential was refused' }]);
  });

  it('of any issuer, or none, is taken where none is', async () => {
    const { tokens } = await open();
    for (const iss of [issuer, undefined]) {
      expect(await tokens.authenticate(await bearer(claimsWith({ iss })))).toMatchObject({
        subject: 'alice',
      });
    }
  });
});

describe('a token', () => {
  it('makes an actor that has no member for what the token does not say', async () => {
    const { tokens } = await open();
    expect(await tokens.authenticate(await bearer(claimsWith()))).toStrictEqual({
      kind: 'token',
      subject: 'alice',
      scopes: new Set(['agents:kill']),
      within: {},
    });
  });

  it('for a single use that has no ID is refused, and the log says what it lacks', async () => {
    const { tokens, logged } = await open();
    await expect(tokens.authenticate(await bearer(claimsWith({ once: true })))).rejects.toMatchObject(
      refused,
    );
    expect(logged).toMatchObject([{ level: 'info', entry: { code: 'claim_missing', claim: 'jti' } }]);
  });

  it('fits into a field of 8 KiB, and into no longer one', () => {
    const token = 'a'.repeat(8_192 - 'Bearer '.length);
    expect(bearerToken(`Bearer ${token}`)).toBe(token);
    expect(bearerToken(`Bearer ${token}a`)).toBeUndefined();
  });
});

it('A verifier needs a secret or keys', () => {
  const clock = { now: () => Date.now() };
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const options = { audience: 'killswitch', markUsed: async () => 'first' as const, clock, log };
  expect(() => createVerifier(options)).toThrow('Tokens need a secret or a key set');
});

describe('a key set', () => {
  it.each([
    ['{', 'it is not JSON'],
    ['[]', 'it is not a JSON Web Key Set'],
    ['{"keys":[]}', 'it holds no public key for EdDSA, ES256 or RS256'],
  ])('that is %s is told why it cannot be used', async (text, why) => {
    await expect(readKeySet(text)).rejects.toThrow(why);
  });
});

describe('minting', () => {
  const order: MintOptions = {
    secret: SECRET,
    subject: 'alice',
    scopes: ['agents:kill'],
    audience: 'killswitch',
    ttlSeconds: 60,
  };
  const keyless = (privateJwk: Readonly<Record<string, unknown>>): Partial<MintOptions> => ({
    secret: undefined as never,
    privateJwk,
  });
  const noKey = 'The key is not a private key for EdDSA, ES256 or RS256';

  it.each<[string, Partial<MintOptions>, string]>([
    ['no subject', { subject: '' }, 'The subject has 1 to 256 characters'],
    ['a subject of 257 characters', { subject: 'x'.repeat(257) }, 'The subject has 1 to 256 characters'],
    ['no scope', { scopes: [] }, 'A token needs at least one scope'],
    ['half a second', { ttlSeconds: 0.5 }, 'The lifetime is a whole number of seconds above 0'],
    ['no time at all', { ttlSeconds: 0 }, 'The lifetime is a whole number of seconds above 0'],
    ['a weak secret', { secret: 'short' }, 'The secret for tokens '],
    ['a key of no kind', keyless({ d: 'x' }), noKey],
    ['a shared key as a private one', keyless({ kty: 'oct', k: 'eA', d: 'x' }), noKey],
    ['a public key', keyless({ kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }), noKey],
  ])('is refused with %s, and says why', async (_, changes, why) => {
    await expect(mintToken({ ...order, ...changes })).rejects.toThrow(why);
  });

  it('takes a subject of 256 characters', async () => {
    const { tokens } = await open();
    const subject = 'x'.repeat(256);
    const token = await mintToken({ ...order, subject });
    expect(await tokens.authenticate(`Bearer ${token}`)).toMatchObject({ subject });
  });

  it('names the key that signed, if it has a name', async () => {
    for (const kid of ['k1', undefined]) {
      const { privateJwk } = await makeKey('ES256', kid);
      const token = await mintToken({ ...order, ...keyless({ ...privateJwk }) });
      const header = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString());
      expect(header).toEqual({ alg: 'ES256', ...(kid && { kid }) });
    }
  });
});
