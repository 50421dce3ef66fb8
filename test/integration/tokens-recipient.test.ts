import { decodeJwt } from 'jose';
import { describe, expect, it } from 'vitest';
import { type MintOptions, mintToken } from '../../lib/adapters/jose/mint.js';
import { scopes } from '../../lib/domain/actor.js';
import { authorize } from '../../lib/domain/authorize.js';
import { utf8 } from '../../lib/util/crypto.js';
import { bearer, claimsWith, openTestTokens, SECRET } from '../fakes/identity-provider.js';

const HERE = 'https://a.example';
const request = { method: 'DELETE', path: '/latch', body: utf8('{}') };
const shown = { ...request, body: async () => request.body.buffer };
const order: MintOptions = {
  secret: SECRET,
  subject: 'github:octocat',
  scopes,
  audience: 'killswitch',
  ttlSeconds: 60,
  request,
  via: 'killswitch-gateway',
};
const orderFor = async (recipient: string | undefined): Promise<string> =>
  `Bearer ${await mintToken({ ...order, ...(recipient !== undefined && { recipient }) })}`;

/** What becomes of an `Authorization` field at a server of these URLs; `undefined`: nobody has said which. */
async function at(recipients: readonly string[] | undefined, field: string) {
  const { tokens, logged } = await openTestTokens({ secret: SECRET, ...(recipients && { recipients }) });
  const actor = await tokens.authenticate(field, shown).catch(() => undefined);
  return { actor, why: logged[0]?.entry };
}

describe('an order that a gateway passes on', () => {
  it('names the one server that it is for', async () => {
    expect(decodeJwt((await orderFor(HERE)).slice('Bearer '.length))).toMatchObject({ to: HERE });
  });

  it('has all its scopes at the server that it is for, by whichever of its URLs', async () => {
    const { actor } = await at(['https://other.example', HERE], await orderFor(HERE));
    expect(actor?.unaddressed).toBeUndefined();
    expect(actor?.scopes).toEqual(new Set(scopes));
  });

  it.each(['https://b.example', 'https://a.example:8443', 'http://a.example', 'https://a.example/', 'a'])(
    'is refused where it names %s',
    async recipient => {
      const { actor, why } = await at([HERE], await orderFor(recipient));
      expect(actor).toBeUndefined();
      expect(why).toEqual({ code: 'another_recipient', claim: 'to' });
    },
  );

  it('is refused whatever it names by a server that takes none, such as a gateway', async () => {
    expect((await at([], await orderFor(HERE))).why).toEqual({ code: 'another_recipient', claim: 'to' });
  });

  it.each([
    ['a server of which it is not said who it is', undefined, HERE],
    ['a server, where it names none', [HERE], undefined],
  ])('may stop, and nothing else, at %s', async (_name, recipients, recipient) => {
    const { actor } = await at(recipients, await orderFor(recipient));
    if (!actor) throw new Error('refused');
    for (const scope of ['agents:kill', 'agents:kill-all', 'latch:engage'] as const) authorize(actor, scope);
    for (const scope of ['latch:reset', 'agents:read', 'agents:write', 'audit:read'] as const) {
      expect(() => authorize(actor, scope)).toThrow(/KILLSWITCH_PUBLIC_URL/);
    }
  });

  it.each([null, 7, '', ['https://a.example'], 'x'.repeat(2_049)])(
    'is refused when its recipient is %j',
    async to => {
      const { why } = await at([HERE], await bearer(claimsWith({ to })));
      expect(why).toEqual({ code: 'claim_malformed', claim: 'to' });
    },
  );
});

it.each([undefined, [HERE]])('a token that is not forwarded needs no recipient at %j', async recipients => {
  const delegated = claimsWith({ act: { sub: 'https://bot.example' } });
  for (const claims of [claimsWith(), delegated]) {
    const { actor } = await at(recipients, await bearer(claims));
    expect(actor?.unaddressed).toBeUndefined();
    expect(actor?.subject).toBe('alice');
  }
});
