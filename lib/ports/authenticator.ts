import type { Actor } from '../domain/actor.js';
import type { Probe } from './runtime.js';

/** The request that carried a credential; a credential bound to a request is valid for that request only. */
export interface ShownWith {
  readonly method: string;
  /** With its query, as sent. */
  readonly path: string;
  /** Its bytes. Only read for a credential that is bound to a request. */
  body(): Promise<ArrayBuffer>;
}

/** Turns a credential into an actor. Rejects with `unauthenticated`, always with the same message. */
export interface Authenticator extends Probe {
  /** @param request absent: a credential bound to a request is refused */
  authenticate(authorization: string | undefined, request?: ShownWith): Promise<Actor>;
}
