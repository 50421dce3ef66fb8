import { type Actor, type Scope, scopes, type Within } from '../../lib/domain/actor.js';
import { KillswitchError } from '../../lib/domain/errors.js';
import type { Authenticator } from '../../lib/ports/authenticator.js';

/** An actor who may do everything, unless told. */
export const actorWith = (more: Partial<Actor> = {}): Actor => ({
  kind: 'token',
  subject: 'alice',
  scopes: new Set(scopes),
  within: {},
  ...more,
});

/** An actor with these scopes alone. */
export const holding = (...held: readonly Scope[]): Actor => actorWith({ scopes: new Set(held) });

/** An actor who may do everything, but only there. */
export const narrowedTo = (within: Within): Actor => actorWith({ within });

/** Knows each of the tokens, and refuses everything else. */
export function fakeAuthenticator(known: Readonly<Record<string, Actor>>): Authenticator {
  const byToken = new Map(Object.entries(known));
  return {
    async authenticate(authorization) {
      const actor = byToken.get(/^Bearer (\S+)$/.exec(authorization ?? '')?.[1] ?? '');
      if (!actor) throw new KillswitchError('unauthenticated');
      return actor;
    },
    probe: async () => ({ name: 'tokens', ok: true }),
  };
}
