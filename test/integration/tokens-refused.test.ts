import { CompactSign, type CryptoKey, exportSPKI, importJWK, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRefusedTokens } from '../../lib/adapters/jose/refused-tokens.js';
import type { Tokens } from '../../lib/adapters/jose/tokens.js';
import { KillswitchError } from '../../lib/domain/errors.js';
import {
  bearer,
  claimsWith,
  inSeconds,
  makeKey,
  openTestTokens,
  SECRET,
  type SigningKey,
  startProvider,
} from '../fakes/identity-provider.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const OCT = 'an octet key that stands in the set';

let rsa: SigningKey;
let provider: Awaited<ReturnType<typeof startProvider>>;
let opened: Awaited<ReturnType<typeof openTestTokens>>;
let keysOnly: Tokens;

beforeAll(async () => {
  rsa = await makeKey('RS256', 'rsa');
  const oct = { kty: 'oct', kid: 'oct', alg: 'HS256', k: Buffer.from(OCT).toString('base64url') };
  const leaked = (await makeKey('ES256', 'leaked')).privateJwk;
  const encrypting = { ...(await makeKey('ES256', 'enc')).publicJwk, use: 'enc' };
  const { alg: _, ...unbound } = rsa.publicJwk;
  provider = await startProvider(JSON.stringify({ keys: [oct, unbound, leaked, encrypting, null, {}] }));
  const both = { jwks: { url: provider.url }, issuer: 'https://issuer.example' };
  opened = await openTestTokens({ ...both, secret: SECRET });
  keysOnly = (await openTestTokens(both)).tokens;
});

afterAll(async () => {
  await opened.tokens.close();
  await keysOnly.close();
  await provider.die();
});

const good = (changes: Readonly<Record<string, unknown>> = {}) =>
  claimsWith({ iss: 'https://issuer.example', ...changes });

/** The field is refused with the one text there is, and the log tells why without a part of it. */
async function expectRefused(authorization: string | undefined, tokens = opened.tokens): Promise<object> {
  opened.logged.length = 0;
  const error = await tokens.authenticate(authorization).then(
    () => new Error('it was taken'),
    (thrown: unknown) => thrown,
  );
  expect(error).toEqual(new KillswitchError('unauthenticated'));
  expect(error).not.toHaveProperty('cause');
  const text = JSON.stringify(opened.logged);
  for (const part of (authorization ?? '').split(/[ .]/).slice(1)) {
    if (part.length > 8) expect(text).not.toContain(part);
  }
  expect(text).not.toContain('mallory');
  return opened.logged[0]?.entry ?? {};
}

it('takes the tokens that the refused ones below are made from', async () => {
  await expect(opened.tokens.authenticate(await bearer(good()))).resolves.toMatchObject({ subject: 'alice' });
  for (const tokens of [opened.tokens, keysOnly]) {
    await expect(tokens.authenticate(await bearer(good(), rsa))).resolves.toMatchObject({ subject: 'alice' });
  }
});

describe('the Authorization field is refused', () => {
  it.each([
    ['when it is missing', () => undefined],
    ['when it is empty', () => ''],
    ['when it is the token alone', (field: string) => field.slice(7)],
    ['with another scheme', (field: string) => `Basic ${field.slice(7)}`],
    ['with a scheme that only begins so', (field: string) => `Bearerx ${field.slice(7)}`],
    ['with no token', () => 'Bearer '],
    ['with two tokens', (field: string) => `${field} ${field.slice(7)}`],
    ['as a list of two', (field: string) => `${field}, ${field}`],
    ['with something after the token', (field: string) => `${field};x`],
    ['with a line break', (field: string) => `${field}\n`],
    ['without a space', (field: string) => field.replace(' ', '')],
  ])('%s', async (_name, change) => {
    expect(await expectRefused(change(await bearer(good())))).toEqual({ code: 'no_bearer_token' });
  });

  it('when it is longer than 8 KiB, however good the token', async () => {
    const long = await bearer(good({ padding: 'x'.repeat(7000) }));
    expect(await expectRefused(long)).toEqual({ code: 'no_bearer_token' });
    const short = await bearer(good({ padding: 'x'.repeat(5000) }));
    await expect(opened.tokens.authenticate(short)).resolves.toMatchObject({ subject: 'alice' });
  });
});

it.each([
  ['a shared secret', () => undefined],
  ['a key', () => rsa],
])('refuses a token whose signature with %s is spelt in another way', async (_, key) => {
  const field = await bearer(good(), key());
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const last = alphabet.indexOf(field.slice(-1));
  // The bits of the last character that no byte uses (RFC 4648 section 3.5).
  const respelt = `${field.slice(0, -1)}${alphabet[last + 1]}`;
  const bytesOf = (text: string): Buffer => Buffer.from(text.split('.')[2] ?? '', 'base64url');
  expect(bytesOf(respelt)).toEqual(bytesOf(field));
  expect(await expectRefused(respelt)).toEqual({ code: 'not_canonical' });
  await expect(opened.tokens.authenticate(field)).resolves.toMatchObject({ subject: 'alice' });
});

it('refuses again what was refused, and takes later what may hold later', async () => {
  const { tokens, logged } = await openTestTokens({ secret: SECRET });
  const forged = await bearer(good(), Buffer.from('another secret of 32 bytes or more'));
  const early = await bearer(good({ nbf: inSeconds(31) }));
  for (const field of [forged, forged, early, early]) {
    await expect(tokens.authenticate(field)).rejects.toMatchObject({ code: 'unauthenticated' });
  }
  expect(logged.map(({ entry }) => (entry as { code: string }).code)).toEqual([
    'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
    'refused_before',
    'ERR_JWT_CLAIM_VALIDATION_FAILED',
    'ERR_JWT_CLAIM_VALIDATION_FAILED',
  ]);
});

describe('claims are refused', () => {
  it.each<[string, Record<string, unknown>, string]>([
    ['without exp', { exp: undefined }, 'exp'],
    ['expired for longer than the tolerance', { exp: inSeconds(-60) }, 'exp'],
    ['expired by a fraction', { exp: inSeconds(-60) + 0.5 }, 'exp'],
    ['with exp as text', { exp: String(inSeconds(60)) }, 'exp'],
    ['with exp as null', { exp: null }, 'exp'],
    ['with exp past the year 9999', { exp: 1e300 }, 'exp'],
    ['not yet good', { nbf: inSeconds(60) }, 'nbf'],
    ['with nbf as text', { nbf: '0' }, 'nbf'],
    ['without sub', { sub: undefined }, 'sub'],
    ['with an empty sub', { sub: '' }, 'sub'],
    ['with a sub of 257 characters', { sub: 'x'.repeat(257) }, 'sub'],
    ['with a sub that is a number', { sub: 1 }, 'sub'],
    ['without aud', { aud: undefined }, 'aud'],
    ['for another audience', { aud: 'mallory' }, 'aud'],
    ['for several other audiences', { aud: ['mallory', 'killswitch2'] }, 'aud'],
    ['for no audience', { aud: [] }, 'aud'],
    ['with an audience that is partly no text', { aud: ['killswitch', 1] }, 'aud'],
    ['from another issuer', { iss: 'https://mallory.example' }, 'iss'],
    ['without the issuer', { iss: undefined }, 'iss'],
    ['without scope', { scope: undefined }, 'scope'],
    ['with scope as an array', { scope: ['agents:kill'] }, 'scope'],
    ['with an empty agent', { agent: '' }, 'agent'],
    ['with agent as null', { agent: null }, 'agent'],
    ['with agent as an array', { agent: ['a1'] }, 'agent'],
    ['with an agent that is no agent ID', { agent: '*' }, 'agent'],
    ['with an empty task', { task: '' }, 'task'],
    ['with task as a number', { task: 1 }, 'task'],
    ['with an empty host', { host: '' }, 'host'],
    ['with host as an object', { host: {} }, 'host'],
    ['with once as text', { once: 'true', jti: 'j1' }, 'once'],
    ['with once and no jti', { once: true }, 'jti'],
    ['with an empty jti', { jti: '' }, 'jti'],
    ['with jti as a number', { jti: 1 }, 'jti'],
  ])('%s', async (_name, changes, claim) => {
    expect(await expectRefused(await bearer(good(changes)))).toMatchObject({ claim });
  });

  it.each([
    ['that are no JSON', '{'],
    ['that are an array', '[]'],
    ['that are null', 'null'],
    [
      'that never expire, by a number too large for a double',
      JSON.stringify(good({ exp: 0 })).replace('"exp":0', '"exp":1e400'),
    ],
  ])('%s', async (_name, payload) => {
    const token = await new CompactSign(bytes(payload))
      .setProtectedHeader({ alg: 'HS256' })
      .sign(bytes(SECRET));
    await expectRefused(`Bearer ${token}`);
  });

  it('that name the audience twice and end with another', async () => {
    const claims = JSON.stringify(good({ aud: 'mallory' })).replace('{', '{"aud":"killswitch",');
    const token = await new CompactSign(bytes(claims))
      .setProtectedHeader({ alg: 'HS256' })
      .sign(bytes(SECRET));
    expect(await expectRefused(`Bearer ${token}`)).toMatchObject({ claim: 'aud' });
  });
});

describe('a signature is refused', () => {
  it.each([
    ['that was changed', (token: string) => `${token.slice(0, -10)}AAAAAAAAAA`],
    ['that is cut off', (token: string) => token.slice(0, token.lastIndexOf('.') + 1)],
    ['that is missing with its dot', (token: string) => token.slice(0, token.lastIndexOf('.'))],
    ['in a token of five parts', (token: string) => `${token}.x.y`],
    [
      'over other claims',
      (token: string) =>
        token.replace(
          /\.[^.]+\./,
          `.${Buffer.from(JSON.stringify(good({ sub: 'root' }))).toString('base64url')}.`,
        ),
    ],
  ])('%s', async (_name, change) => {
    for (const key of [bytes(SECRET), rsa]) await expectRefused(change(await bearer(good(), key)));
  });

  it('with another secret', async () => {
    await expectRefused(await bearer(good(), bytes('another secret of 32 bytes or more')));
  });

  it.each(['none', 'None', ''])('with alg %j', async alg => {
    const payload = new UnsecuredJWT(good()).encode().split('.')[1];
    const header = Buffer.from(JSON.stringify({ alg })).toString('base64url');
    await expectRefused(`Bearer ${header}.${payload}.`);
  });

  it('with an algorithm beyond the list, by a key that is ours', async () => {
    for (const alg of ['HS384', 'HS512']) {
      await expectRefused(await bearer(good(), bytes(SECRET), { alg }));
    }
    for (const alg of ['RS384', 'RS512', 'PS256']) {
      const privateKey = (await importJWK({ ...rsa.privateJwk, alg }, alg)) as CryptoKey;
      await expectRefused(await bearer(good(), { ...rsa, alg, privateKey }));
    }
  });

  it('of HS256 with the public key as the secret, in each shape that it comes in', async () => {
    const publicKey = (await importJWK(rsa.publicJwk, 'RS256', { extractable: true })) as CryptoKey;
    const pem = await exportSPKI(publicKey);
    const shapes = [pem, `${pem}\n`, JSON.stringify(rsa.publicJwk), rsa.publicJwk.n ?? ''];
    for (const shape of shapes) {
      for (const tokens of [opened.tokens, keysOnly]) {
        await expectRefused(await bearer(good(), bytes(shape), { kid: 'rsa' }), tokens);
      }
    }
  });

  it('of HS256 with an octet key of the key set', async () => {
    for (const tokens of [opened.tokens, keysOnly]) {
      await expectRefused(await bearer(good(), bytes(OCT), { kid: 'oct' }), tokens);
    }
  });

  it('of HS256 with the right secret where none is configured', async () => {
    await expectRefused(await bearer(good()), keysOnly);
  });

  it('of a key that the set publishes with its private half', async () => {
    expect(await opened.tokens.probe()).toMatchObject({ detail: expect.stringMatching(/^1 public keys/) });
    await expectRefused(await bearer(good(), await makeKey('ES256', 'leaked')));
  });

  it('by a key that the token itself brings or points to', async () => {
    const own = await makeKey('ES256', 'own');
    for (const header of [
      { jwk: own.publicJwk },
      { jku: provider.url, kid: 'rsa' },
      { x5u: provider.url },
      { x5c: ['AAAA'] },
      { jwk: own.publicJwk, kid: 'rsa', alg: 'ES256' },
    ]) {
      await expectRefused(await bearer(good(), own, header));
    }
  });

  it('with an extension that is critical and unknown', async () => {
    const claims = bytes(JSON.stringify(good()));
    const options = { crit: { 'urn:x': true } };
    const sign = new CompactSign(claims).setProtectedHeader({ alg: 'HS256', crit: ['urn:x'], 'urn:x': 1 });
    await expectRefused(`Bearer ${await sign.sign(bytes(SECRET), options)}`);
    const unencoded = Buffer.from('{"alg":"HS256","crit":["b64"],"b64":false}').toString('base64url');
    await expectRefused(`Bearer ${unencoded}.x.${'A'.repeat(43)}`);
  });
});

it('Of the tokens that can never hold, as many are remembered as there may be, and the oldest goes first', () => {
  const refused = createRefusedTokens(2);
  for (const token of ['a', 'b', 'c']) refused.add(token);
  expect(['a', 'b', 'c'].map(refused.has)).toEqual([false, true, true]);
  refused.add('b');
  refused.add('d');
  expect(['a', 'b', 'c', 'd'].map(refused.has)).toEqual([false, false, true, true]);
});
