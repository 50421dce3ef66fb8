import fc from 'fast-check';
import { expect, it } from 'vitest';
import { mintToken } from '../../lib/adapters/jose/mint.js';
import { scopes } from '../../lib/domain/actor.js';
import { utf8 } from '../../lib/util/crypto.js';
import { bearer, claimsWith, inSeconds, openTestTokens, SECRET } from '../fakes/identity-provider.js';

const HERE = 'https://a.example';
const request = { method: 'DELETE', path: '/latch', body: utf8('{}') };
const shown = { ...request, body: async () => request.body.buffer };

const near = fc.constantFrom(
  ...[
    'HTTPS://A.EXAMPLE',
    'https://a.example:443',
    'https://a.example/',
    'https://a.example.',
    ' https://a.example',
  ],
  ...[
    'https://b.example',
    'https://user@a.example',
    'a.example',
    'https://a.example\u0000',
    'https://a.exаmple',
  ],
);

it('an order for another server is taken nowhere else, however near its name is', async () => {
  const { tokens } = await openTestTokens({ secret: SECRET, recipients: [HERE] });
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(near, fc.webUrl(), fc.string({ minLength: 1 })),
      fc.boolean(),
      async (to, once) => {
        fc.pre(to !== HERE);
        const token = await mintToken({
          ...{ secret: SECRET, subject: 'ops', scopes, audience: 'killswitch', ttlSeconds: 60 },
          ...{ request, recipient: to, via: 'gateway', once },
        });
        await expect(tokens.authenticate(`Bearer ${token}`, shown)).rejects.toThrow();
      },
    ),
  );
});

it('no token is good for longer than is allowed, whatever it says of its beginning', async () => {
  const maxAgeSeconds = 3_600;
  const { tokens } = await openTestTokens({ secret: SECRET, maxAgeSeconds });
  const times = fc.option(fc.integer({ min: -20_000, max: 20_000 }), { nil: undefined });
  await fc.assert(
    fc.asyncProperty(times, fc.integer({ min: 60, max: 20_000 }), async (from, to) => {
      const iat = from === undefined ? undefined : inSeconds(from);
      const field = await bearer(claimsWith({ iat, exp: inSeconds(to) }));
      const isTaken = await tokens.authenticate(field).then(
        () => true,
        () => false,
      );
      if (isTaken) expect(to - Math.min(from ?? 0, 0)).toBeLessThanOrEqual(maxAgeSeconds + 31);
      if (to - Math.min(from ?? 0, 0) <= maxAgeSeconds) expect(isTaken).toBe(true);
    }),
  );
});
