import { expect, it, vi } from 'vitest';
import { mintToken } from '../../lib/adapters/jose/mint.js';
import { scopes } from '../../lib/domain/actor.js';
import { authorize } from '../../lib/domain/authorize.js';
import { bearer, claimsWith, inSeconds, openTestTokens, SECRET } from '../fakes/identity-provider.js';

const refused = { code: 'unauthenticated' };

it('takes a single-use token once', async () => {
  const used = new Set<string>();
  const markUsed = vi.fn(async (id: string) => {
    const seen = used.has(id);
    used.add(id);
    return seen ? ('seen' as const) : ('first' as const);
  });
  const { tokens, logged } = await openTestTokens({ secret: SECRET, markUsed });
  const order = { secret: SECRET, subject: 'alice', scopes, audience: 'killswitch', ttlSeconds: 60 };
  const [one, two] = [await mintToken({ ...order, once: true }), await mintToken({ ...order, once: true })];

  await expect(tokens.authenticate(`Bearer ${one}`)).resolves.not.toHaveProperty('unconfirmed');
  await expect(tokens.authenticate(`Bearer ${one}`)).rejects.toMatchObject(refused);
  expect(logged).toEqual([expect.objectContaining({ entry: { code: 'used_before', claim: 'jti' } })]);
  await expect(tokens.authenticate(`Bearer ${two}`)).resolves.toMatchObject({ subject: 'alice' });
});

it('remembers it for longer than any node would still take it', async () => {
  const markUsed = vi.fn(async () => 'first' as const);
  const { tokens } = await openTestTokens({ secret: SECRET, markUsed });
  await tokens.authenticate(await bearer(claimsWith({ once: true, jti: 'j1', exp: inSeconds(600) + 0.5 })));
  await tokens.authenticate(await bearer(claimsWith({ once: true, jti: 'j2', exp: inSeconds(-20) })));

  expect(markUsed.mock.calls).toEqual([
    [
      'once:j1',
      expect.toSatisfy((seconds: number) => Number.isInteger(seconds) && seconds > 640 && seconds < 670),
    ],
    ['once:j2', expect.toSatisfy((seconds: number) => seconds > 10)],
  ]);
});

it('does not use up a token that is refused for another cause', async () => {
  const markUsed = vi.fn(async () => 'first' as const);
  const { tokens } = await openTestTokens({ secret: SECRET, markUsed });
  const wrong = claimsWith({ once: true, jti: 'j1', aud: 'other' });
  const forged = await bearer(
    claimsWith({ once: true, jti: 'j1' }),
    new TextEncoder().encode('f'.repeat(32)),
  );
  await expect(tokens.authenticate(await bearer(wrong))).rejects.toMatchObject(refused);
  await expect(tokens.authenticate(forged)).rejects.toMatchObject(refused);
  expect(markUsed).not.toHaveBeenCalled();
});

it('does not remember a token that may be used again', async () => {
  const markUsed = vi.fn(async () => 'seen' as const);
  const { tokens } = await openTestTokens({ secret: SECRET, markUsed });
  const field = await bearer(claimsWith({ jti: 'j1', once: false }));
  await expect(tokens.authenticate(field)).resolves.toMatchObject({ tokenId: 'j1' });
  expect(markUsed).not.toHaveBeenCalled();
});

it.each([
  ['says that it cannot tell', async () => 'unknown' as const],
  ['rejects', async () => Promise.reject(new Error('the store is down'))],
])('lets a single-use token stop, and nothing else, while the memory %s', async (_name, markUsed) => {
  const { tokens } = await openTestTokens({ secret: SECRET, markUsed });
  const field = await bearer(claimsWith({ once: true, jti: 'j1', scope: scopes.join(' ') }));
  const actor = await tokens.authenticate(field);

  const allowed = scopes.filter(scope => {
    try {
      authorize(actor, scope);
      return true;
    } catch {
      return false;
    }
  });
  expect(allowed).toEqual(['agents:kill', 'agents:kill-all', 'latch:engage']);
});
