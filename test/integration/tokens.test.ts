import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterEach, describe, expect, it } from 'vitest';
import { type MintOptions, mintToken } from '../../lib/adapters/jose/mint.js';
import type { TokensOptions } from '../../lib/adapters/jose/tokens.js';
import {
  bearer,
  claimsWith,
  inSeconds,
  keySet,
  makeKey,
  openTestTokens,
  SECRET,
  startProvider,
} from '../fakes/identity-provider.js';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function open(options: Partial<TokensOptions> = { secret: SECRET }) {
  const opened = await openTestTokens(options);
  closing.push(opened.tokens.close);
  return opened.tokens;
}

const order: MintOptions = {
  secret: SECRET,
  subject: 'alice',
  scopes: ['agents:kill'],
  audience: 'killswitch',
  ttlSeconds: 60,
};

describe('a good token', () => {
  it('becomes an actor with its subject, scopes, narrowing and ID', async () => {
    const tokens = await open();
    const within = { agentId: 'a1', taskId: 't1', host: 'h1' };
    const token = await mintToken({ ...order, scopes: ['agents:kill', 'audit:read'], within });

    expect(await tokens.authenticate(`Bearer ${token}`)).toEqual({
      kind: 'token',
      subject: 'alice',
      scopes: new Set(['agents:kill', 'audit:read']),
      within,
      tokenId: decodeJwt(token).jti,
    });
  });

  it('is taken with the scheme in any case', async () => {
    const tokens = await open();
    const token = await mintToken(order);
    for (const scheme of ['bearer', 'BEARER', 'Bearer  ']) {
      expect(await tokens.authenticate(`${scheme} ${token}`)).toMatchObject({ subject: 'alice' });
    }
  });

  it('is an actor without scopes when it has none that we know', async () => {
    const tokens = await open();
    for (const scope of ['', ' ', 'openid profile', 'agents:KILL', 'agents:kill,audit:read']) {
      const { scopes } = await tokens.authenticate(await bearer(claimsWith({ scope })));
      expect(scopes).toEqual(new Set());
    }
  });

  it.each([
    ['an array of audiences with ours among them', { aud: ['other', 'killswitch', 'killswitch'] }],
    ['a fraction in its expiry', { exp: inSeconds(60) + 0.5 }],
    ['an expiry that the tolerance of 30 s still covers', { exp: inSeconds(-20) }],
    ['a start that the tolerance of 30 s covers already', { nbf: inSeconds(20) }],
    ['a subject of 256 characters', { sub: 'x'.repeat(256) }],
    ['once: false', { once: false }],
  ])('is taken with %s', async (_name, changes) => {
    const tokens = await open();
    await expect(tokens.authenticate(await bearer(claimsWith(changes)))).resolves.toMatchObject({
      kind: 'token',
    });
  });

  it('is taken from the issuer that is configured', async () => {
    const tokens = await open({ secret: SECRET, issuer: 'https://issuer.example' });
    const token = await mintToken({ ...order, issuer: 'https://issuer.example' });
    await expect(tokens.authenticate(`Bearer ${token}`)).resolves.toMatchObject({ subject: 'alice' });
  });

  it.each(['EdDSA', 'Ed25519', 'ES256', 'RS256'])(
    'is taken with a %s key of the key set, named or not',
    async alg => {
      for (const kid of ['k1', undefined]) {
        const key = await makeKey(alg, kid);
        const provider = await startProvider(keySet(key));
        closing.push(provider.die);
        const tokens = await open({ jwks: { url: provider.url } });
        const { secret: _, ...unsigned } = order;
        const token = await mintToken({ ...unsigned, privateJwk: { ...key.privateJwk } });

        expect(decodeProtectedHeader(token)).toEqual({ alg, ...(kid && { kid }) });
        expect(await tokens.authenticate(`Bearer ${token}`)).toMatchObject({ subject: 'alice' });
      }
    },
  );

  it('is taken when it names no key and the second of two fits', async () => {
    const keys = [await makeKey('ES256'), await makeKey('ES256')] as const;
    const provider = await startProvider(keySet(...keys));
    closing.push(provider.die);
    const { tokens, logged } = await openTestTokens({ jwks: { url: provider.url } });
    closing.push(tokens.close);

    await expect(tokens.authenticate(await bearer(claimsWith(), keys[1]))).resolves.toMatchObject({
      kind: 'token',
    });
    const stranger = await bearer(claimsWith(), await makeKey('ES256'));
    await expect(tokens.authenticate(stranger)).rejects.toMatchObject({ code: 'unauthenticated' });
    const late = await bearer(claimsWith({ exp: inSeconds(-60) }), keys[0]);
    await expect(tokens.authenticate(late)).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(logged.at(-1)?.entry).toEqual({ code: 'ERR_JWT_EXPIRED', claim: 'exp' });
  });
});

describe('opening', () => {
  it.each([
    ['no secret and no key set', {}, 'Tokens need a secret or a key set'],
    ['a secret of 5 bytes', { secret: '12345' }, /^The secret for tokens must have at least 32 bytes/],
    ['an empty secret', { secret: '' }, /must have at least 32 bytes/],
    [
      'a public key as the secret',
      { secret: `-----BEGIN PUBLIC KEY-----\n${'A'.repeat(60)}` },
      /not a public key/,
    ],
  ])('refuses %s', async (_name, options, message) => {
    await expect(openTestTokens(options)).rejects.toThrow(message);
  });

  it('tells that a shared secret is all there is', async () => {
    const tokens = await open();
    expect(await tokens.probe()).toEqual({ name: 'tokens', ok: true, detail: 'shared secret' });
  });
});

describe('minting', () => {
  it('gives each token an ID, a start and an end', async () => {
    const [one, two] = [decodeJwt(await mintToken(order)), decodeJwt(await mintToken(order))];
    expect(one.jti).toMatch(/^[0-9a-f-]{36}$/);
    expect(one.jti).not.toBe(two.jti);
    expect((one.exp ?? 0) - (one.iat ?? 0)).toBe(60);
    expect(one).not.toHaveProperty('once');
  });

  it('takes the algorithm from the type of a key that does not say it', async () => {
    const { alg: _, ...jwk } = (await makeKey('ES256')).privateJwk;
    const { secret: __, ...unsigned } = order;
    expect(decodeProtectedHeader(await mintToken({ ...unsigned, privateJwk: { ...jwk } }))).toEqual({
      alg: 'ES256',
    });
  });

  it.each<[string, Partial<MintOptions>]>([
    ['a secret of 5 bytes', { secret: '12345' }],
    ['a secret and a key at once', { privateJwk: {} }],
    ['no scope', { scopes: [] }],
    ['no subject', { subject: '' }],
    ['a lifetime of nothing', { ttlSeconds: 0 }],
    ['a lifetime of half a second', { ttlSeconds: 0.5 }],
  ])('refuses %s', async (_name, changes) => {
    await expect(mintToken({ ...order, ...changes })).rejects.toThrow(Error);
  });

  it('refuses a public key', async () => {
    const { publicJwk } = await makeKey('EdDSA');
    const { secret: _, ...unsigned } = order;
    await expect(mintToken({ ...unsigned, privateJwk: { ...publicJwk } })).rejects.toThrow(
      'not a private key',
    );
    await expect(mintToken(unsigned)).rejects.toThrow('either a secret or a private key');
  });
});
