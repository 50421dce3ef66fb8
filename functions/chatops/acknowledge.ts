import type { Commands } from '../../lib/client/commands.js';
import type { Actor, Scope } from '../../lib/domain/actor.js';
import { type ApiResponse, triggerActor } from '../../lib/triggers/api-request.js';
import type { Sealed } from './confirmation-token.js';
import type { Edits } from './message-updates.js';
import type { Reply } from './reply.js';

/** Who writes or presses, as the platform vouches for them. */
export interface Person {
  /** For the audit, such as `slack:T1:U123`. */
  readonly subject: string;
  /** For people to read. */
  readonly name: string;
  readonly scopes: ReadonlySet<Scope>;
  /** How a rule would name them, such as `user:U123`. */
  readonly rule: string;
  /** Where the platform's request came from. */
  readonly source: string | undefined;
}

/** What a person asks for, answered as the HTTP contract does. */
export type Act = (commands: Commands) => Promise<ApiResponse>;

/** In whose name their orders are given. */
export const actorFor = ({ subject, scopes, source }: Person): Actor => triggerActor(subject, scopes, source);

/** The platform, as the conversation needs to know it. */
export interface Stage {
  /** The variable that says who may do what. */
  readonly variable: string;
  /** A ticket is signed with the first, and holds with any. */
  readonly secrets: readonly string[];
  /** Why a message there cannot hold this ticket, and what to do about it. */
  readonly refuses?: (sealed: Sealed) => string | undefined;
}

/** What is answered at once, and the work that goes on behind it. */
export interface Answer {
  readonly reply: Reply;
  /** Rejects only for what nobody foresaw. */
  readonly work?: (edits: Edits) => Promise<void>;
}
