import { describeAgents, describeStop } from '../../lib/domain/wording.js';
import type { TriggerDeps } from '../http/function.js';
import { type Act, actorFor, type Person, type PlatformContext } from './interaction.js';
import type { MessageUpdates } from './message-updates.js';
import { pollOperation } from './poll-operation.js';
import { type ReceiptOutline, readReceipt } from './read-receipt.js';
import { askedBy, denialReply, problemReply } from './replies.js';
import { type Reply, toChannel } from './reply.js';
import type { Wait } from './wait.js';

export interface StopRequest {
  readonly act: Act;
  readonly context: PlatformContext;
  readonly person: Person;
  readonly reason: string | undefined;
  /** The agent of a single kill. */
  readonly target: string | undefined;
}

const IN_PROGRESS = 'This is still in progress.';

/** Sends a stop in a person's name and updates the message until the stop has ended. */
export async function runStop(
  deps: TriggerDeps,
  wait: Wait,
  { act, context, person, reason, target }: StopRequest,
  updates: MessageUpdates,
): Promise<void> {
  const { commandsFor, closing } = deps;
  const describe = (receipt: ReceiptOutline, ...notes: string[]): Reply =>
    toChannel(describeStop(receipt, target), [
      ...describeAgents(receipt),
      ...receipt.warnings,
      ...notes,
      askedBy(person, reason),
    ]);

  const answer = await act(commandsFor(actorFor(person)));
  const { status, body } = answer;
  if (status === 403) {
    const scope = target === undefined ? 'agents:kill-all' : 'agents:kill';
    return updates.last(denialReply(context, person, scope));
  }
  const first = status === 200 || status === 202 ? readReceipt(body) : undefined;
  if (!first) return updates.last(problemReply(answer, headlinesFor(target)));
  if (status === 200) return updates.last(describe(first));

  await updates.progress(describe(first, IN_PROGRESS));
  const { receipt, ended } = await pollOperation(first, {
    subject: person.subject,
    commandsFor,
    wait,
    isClosing: () => closing?.aborted ?? false,
    onProgress: receipt => updates.progress(describe(receipt, IN_PROGRESS)),
  });
  const note = ended
    ? 'What is pending is retried in the background. This message is not updated again.'
    : `This message is not updated again. To see the rest: killswitch operation ${first.operationId}`;
  await updates.last(describe(receipt, ...(receipt.settled ? [] : [note])));
}

const headlinesFor = (target: string | undefined) => ({
  refused: `${target === undefined ? 'No agent was' : `${target} was not`} stopped by this`,
  unknown: `It is not known whether ${target ?? 'any agent'} was stopped`,
});
