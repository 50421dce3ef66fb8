import * as z from 'zod';
import { answered, okAnswer } from '../../lib/client/answered.js';
import type { CommandsFor } from '../../lib/client/commands.js';
import { triggerActor } from '../../lib/triggers/api-request.js';
import { better, readReceipt, type Seen } from './receipt.js';

/** Resolves after so many milliseconds, or earlier when the process is to end. */
export type Wait = (ms: number) => Promise<void>;

const operationSchema = z.looseObject({ state: z.enum(['running', 'ended']), receipt: z.unknown() });

/** Milliseconds. */
const FIRST = 1_000;
const LONGEST = 15_000;
const GIVEN_UP_AFTER = 10 * 60_000;

export interface Followed {
  readonly seen: Seen;
  /** Its work is done; what is still owed then goes on being tried in the background. */
  readonly ended: boolean;
}

/**
 * Looks at an accepted operation again and again, less and less often, until it has ended, for ten minutes at most.
 * @param subject in whose name; whoever may stop may also hear what became of it
 * @param looked told after each look that finds it still going on
 */
export async function follow(
  first: Seen,
  {
    subject,
    commandsFor,
    wait,
    isClosing,
    looked,
  }: {
    readonly subject: string;
    readonly commandsFor: CommandsFor;
    readonly wait: Wait;
    readonly isClosing: () => boolean;
    readonly looked: (seen: Seen) => Promise<void>;
  },
): Promise<Followed> {
  const commands = commandsFor(triggerActor(subject, ['agents:read']));
  let seen = first;
  for (let pause = FIRST, waited = 0; waited < GIVEN_UP_AFTER; pause = Math.min(pause * 2, LONGEST)) {
    await wait(pause);
    waited += pause;
    if (isClosing()) break;
    const { body } = await answered(commands.operation(first.operationId), okAnswer);
    const { data: operation } = operationSchema.safeParse(body);
    if (!operation) continue;
    const now = readReceipt(operation.receipt);
    if (now) seen = better(seen, now);
    if (operation.state === 'ended') return { seen, ended: true };
    await looked(seen);
  }
  return { seen, ended: false };
}
