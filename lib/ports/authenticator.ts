import type { Actor } from '../domain/actor.js';
import type { Probe } from './runtime.js';

/** The request that a credential was shown with; one that is bound to a request is good for that one alone. */
export interface ShownWith {
  readonly method: string;
  /** With its query, as sent. */
  readonly path: string;
  /** Its bytes. Read only for a credential that is bound to them. */
  body(): Promise<ArrayBuffer>;
}

/** Turns a credential into an actor. Rejects with `unauthenticated`, always in the same words. */
export interface Authenticator extends Probe {
  /** @param request absent: a credential that is bound to one is refused */
  authenticate(authorization: string | undefined, request?: ShownWith): Promise<Actor>;
}
