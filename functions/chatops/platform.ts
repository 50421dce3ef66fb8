import type { TriggerDeps } from '../http/function.js';
import type { Answer } from './acknowledge.js';
import type { ChatAnswer } from './answers.js';
import type { Conversation } from './conversation.js';
import type { Edits } from './message-updates.js';
import type { Wait } from './poll-operation.js';

/** One request of a platform, as it came. */
export interface Incoming {
  readonly headers: Headers;
  /** What is signed: byte for byte. */
  readonly body: Uint8Array;
  /** Where it comes from. */
  readonly source: string | undefined;
}

/** A chat platform, as it is set up here. */
export interface Platform {
  /**
   * Verifies the raw bytes first, then reads them, starts the work and answers without waiting for it.
   * @returns the JSON to answer with; `undefined`: nothing, which some want
   * @throws KillswitchError `unauthenticated`; `invalid_request` for what is signed and cannot be read
   */
  receive(incoming: Incoming): Promise<ChatAnswer | undefined>;
}

/** What all platforms share. */
export interface Shared {
  readonly conversation: Conversation;
  readonly wait: Wait;
}

/** @returns `undefined` where it is not set up. @throws ConfigError */
export type OpenPlatform = (deps: TriggerDeps, shared: Shared) => Platform | undefined;

/** Lets the work of an answer go on behind it. */
export function begin(
  { defer, log }: Pick<TriggerDeps, 'defer' | 'log'>,
  work: Answer['work'],
  edits: Edits,
): void {
  if (!work) return;
  defer(
    work(edits).catch((error: unknown) => {
      log.error({ err: error }, 'an order from a chat ended in an error');
    }),
  );
}

/** Seconds that a signature is good for, before and after now. */
export const TOLERANCE = 300;

export const textOf = (body: Uint8Array): string => new TextDecoder().decode(body);
