import { describe, expect, it } from 'vitest';
import {
  bearer,
  claimsWith,
  keySet,
  makeKey,
  openTestTokens,
  startProvider,
} from '../fakes/identity-provider.js';
import { afterFile } from '../services/registry.js';

const bytes = (text: string) => new TextEncoder().encode(text);
const [NEW, OLD, OTHER] = ['n', 'o', 'x'].map(letter => letter.repeat(32)) as [string, string, string];
const both = { secret: NEW, previousSecret: OLD };

describe('two secrets at a time', () => {
  it.each([
    ['the new one', NEW],
    ['the old one', OLD],
  ])('take a token that is signed with %s', async (_name, secret) => {
    const { tokens } = await openTestTokens(both);
    await expect(tokens.authenticate(await bearer(claimsWith(), bytes(secret)))).resolves.toMatchObject({
      subject: 'alice',
    });
  });

  it('take no other, and verify it once only', async () => {
    const { tokens, logged } = await openTestTokens(both);
    const forged = await bearer(claimsWith(), bytes(OTHER));
    for (const _ of [1, 2]) await expect(tokens.authenticate(forged)).rejects.toThrow();
    expect(logged.map(({ entry }) => entry)).toEqual([
      { code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' },
      { code: 'refused_before' },
    ]);
  });

  it('check all else of a token that the old one signed', async () => {
    const { tokens } = await openTestTokens(both);
    for (const claims of [{ exp: 1 }, { aud: 'other' }, { scope: undefined }]) {
      const token = await bearer(claimsWith(claims), bytes(OLD));
      await expect(tokens.authenticate(token)).rejects.toThrow();
    }
  });

  it('never verify what another algorithm claims to have signed', async () => {
    const [key, stranger] = await Promise.all([makeKey('EdDSA', 'k1'), makeKey('EdDSA', 'k1')]);
    const provider = await startProvider(keySet(key));
    afterFile(provider.die);
    const { tokens } = await openTestTokens({ ...both, jwks: { url: provider.url } });
    await expect(tokens.authenticate(await bearer(claimsWith(), key))).resolves.toBeDefined();
    await expect(tokens.authenticate(await bearer(claimsWith(), stranger))).rejects.toThrow();
    await tokens.close();
  });

  it('are both strong, or the server does not start', async () => {
    const weak = openTestTokens({ secret: NEW, previousSecret: 'short' });
    await expect(weak).rejects.toThrow('The secret for tokens must have at least 32 bytes');
  });
});
