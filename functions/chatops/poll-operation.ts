import * as z from 'zod';
import { answered, okAnswer } from '../../lib/client/answered.js';
import type { CommandsFor } from '../../lib/client/commands.js';
import { triggerActor } from '../../lib/triggers/api-request.js';
import { backoff } from '../../lib/util/backoff.js';
import { moreConclusive, type ReceiptOutline, readReceipt } from './read-receipt.js';
import type { Wait } from './wait.js';

const operationSchema = z.looseObject({ state: z.enum(['running', 'ended']), receipt: z.unknown() });

const PAUSES = { firstMs: 1_000, longestMs: 15_000 };
const GIVE_UP_AFTER_MS = 10 * 60_000;

export interface PollResult {
  /** The most conclusive one of all polls. */
  readonly receipt: ReceiptOutline;
  /** The operation has ended; layers that are still owed are retried in the background. */
  readonly ended: boolean;
}

interface PollOptions {
  /** The person who asked for the stop, and so may read its result without the scope to read agents. */
  readonly subject: string;
  readonly commandsFor: CommandsFor;
  readonly wait: Wait;
  readonly isClosing: () => boolean;
  /** Called after each poll that finds the operation running. */
  readonly onProgress: (receipt: ReceiptOutline) => Promise<void>;
}

/** Polls an accepted operation with growing pauses until it has ended, the process closes, or ten minutes are over. */
export async function pollOperation(
  first: ReceiptOutline,
  { subject, commandsFor, wait, isClosing, onProgress }: PollOptions,
): Promise<PollResult> {
  const commands = commandsFor(triggerActor(subject, ['agents:read']));
  let receipt = first;
  for (let polls = 0, waited = 0; waited < GIVE_UP_AFTER_MS; polls++) {
    const pause = backoff(polls, PAUSES);
    await wait(pause);
    waited += pause;
    if (isClosing()) break;
    const { body } = await answered(commands.operation(first.operationId), okAnswer);
    const { data: operation } = operationSchema.safeParse(body);
    if (!operation) continue;
    const now = readReceipt(operation.receipt);
    if (now) receipt = moreConclusive(receipt, now);
    if (operation.state === 'ended') return { receipt, ended: true };
    await onProgress(receipt);
  }
  return { receipt, ended: false };
}
