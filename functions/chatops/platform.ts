import { KillswitchError } from '../../lib/domain/errors.js';
import type { TriggerDeps } from '../http/function.js';
import type { ChatAnswer } from './answers.js';
import type { Conversation } from './conversation.js';
import type { InteractionResult } from './interaction.js';
import type { MessageUpdates } from './message-updates.js';
import type { Wait } from './wait.js';

/** A request of a platform, not verified yet. */
export interface IncomingRequest {
  readonly headers: Headers;
  /** The bytes as they came, which are what is signed. */
  readonly body: Uint8Array;
  /** The client's address. */
  readonly source: string | undefined;
}

/** A chat platform that is set up. */
export interface Platform {
  /**
   * Verifies the raw bytes first, then reads them, starts the work and answers without waiting for it.
   * @returns the JSON to answer with; `undefined`: an empty body
   * @throws KillswitchError `unauthenticated`; `invalid_request` for a signed request that cannot be read
   */
  receive(request: IncomingRequest): Promise<ChatAnswer | undefined>;
}

/** What all platforms share. */
export interface SharedParts {
  readonly conversation: Conversation;
  readonly wait: Wait;
}

/** @returns `undefined` if it is not set up. @throws ConfigError */
export type CreatePlatform = (deps: TriggerDeps, shared: SharedParts) => Platform | undefined;

/** Starts the work that goes on after the answer. */
export function startWork(
  { defer, log }: Pick<TriggerDeps, 'defer' | 'log'>,
  work: InteractionResult['work'],
  updates: MessageUpdates,
): void {
  if (!work) return;
  defer(
    work(updates).catch((error: unknown) => {
      log.error({ err: error }, 'a chat command failed');
    }),
  );
}

/** Seconds that the timestamp of a signature may differ from this clock. */
export const SIGNATURE_TOLERANCE = 300;

export const unsignedError = (): KillswitchError =>
  new KillswitchError(
    'unauthenticated',
    `The request has no valid signature, or its timestamp is not within ${SIGNATURE_TOLERANCE} s of the server's clock`,
  );

export const decodeBody = (body: Uint8Array): string => new TextDecoder().decode(body);
