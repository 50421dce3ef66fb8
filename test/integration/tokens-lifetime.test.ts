import { describe, expect, it } from 'vitest';
import { bearer, claimsWith, inSeconds, openTestTokens, SECRET } from '../fakes/identity-provider.js';

const DAY = 86_400;
const MOST = 400 * DAY;

/** Why a token with these claims is refused by a server that allows 400 days; `undefined`: it is not. */
async function whyRefused(claims: Readonly<Record<string, unknown>>) {
  const { tokens, logged } = await openTestTokens({ secret: SECRET, maxAgeSeconds: MOST });
  await tokens.authenticate(await bearer(claimsWith(claims))).catch(() => undefined);
  return logged[0]?.entry;
}

describe('the lifetime of a token', () => {
  const refused = { code: 'lifetime_too_long', claim: 'exp' };

  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['an hour', { iat: inSeconds(0), exp: inSeconds(3_600) }],
    ['as long as is allowed', { iat: inSeconds(0), exp: inSeconds(MOST) }],
    ['a little longer by a clock that is ahead', { iat: inSeconds(0), exp: inSeconds(MOST + 20) }],
    ['not said, and its end is near', { exp: inSeconds(60) }],
    ['not said, and its end is as far as is allowed', { exp: inSeconds(MOST) }],
  ])('may be %s', async (_name, claims) => {
    expect(await whyRefused(claims)).toBeUndefined();
  });

  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['28 years', { iat: inSeconds(0), exp: inSeconds(28 * 365 * DAY) }],
    ['a minute longer than is allowed', { iat: inSeconds(0), exp: inSeconds(MOST + 60) }],
    [
      'nearly over, of a token that was made too long ago',
      { iat: inSeconds(60 - MOST), exp: inSeconds(180) },
    ],
    ['short, from a beginning that is far ahead', { iat: inSeconds(MOST), exp: inSeconds(MOST + 60) }],
    ['not said, and its end is too far', { exp: inSeconds(MOST + 60) }],
  ])('may not be %s', async (_name, claims) => {
    expect(await whyRefused(claims)).toEqual(refused);
  });

  it.each(['soon', null, {}])('is not known where the time of issue is %j, which is refused', async iat => {
    expect(await whyRefused({ iat })).toMatchObject({ claim: 'iat' });
  });
});
