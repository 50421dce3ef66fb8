import type { Commands } from '../../lib/client/commands.js';
import type { Actor, Scope } from '../../lib/domain/actor.js';
import { type ApiResponse, triggerActor } from '../../lib/triggers/api-request.js';
import type { ConfirmationToken } from './confirmation-token.js';
import type { MessageUpdates } from './message-updates.js';
import type { Reply } from './reply.js';

/** The person who wrote a command or pressed a button, as the platform's signature vouches for them. */
export interface Person {
  /** For the audit, such as `slack:T1:U123`. */
  readonly subject: string;
  /** For people to read. */
  readonly name: string;
  readonly scopes: ReadonlySet<Scope>;
  /** The start of a rule that would allow this person something, such as `user:U123`. */
  readonly rule: string;
  /** The client address of the platform's request. */
  readonly source: string | undefined;
}

/** Carries out what a person asked for; answered as the HTTP contract does. */
export type Act = (commands: Commands) => Promise<ApiResponse>;

export const actorFor = ({ subject, scopes, source }: Person): Actor => triggerActor(subject, scopes, source);

/** What the conversation needs to know about the platform. */
export interface PlatformContext {
  /** The variable with the rules that say who may do what. */
  readonly variable: string;
  /** A confirmation token is signed with the first, and valid with any. */
  readonly secrets: readonly string[];
  /** Why the platform cannot carry this token, and what to do about it; `undefined`: it can. */
  readonly tokenProblem?: (token: ConfirmationToken) => string | undefined;
}

export interface InteractionResult {
  /** Sent at once. */
  readonly reply: Reply;
  /** Goes on after the reply. Rejects only for unexpected errors. */
  readonly work?: (updates: MessageUpdates) => Promise<void>;
}
