import { describeAgents, describeStop } from '../../lib/domain/wording.js';
import type { TriggerDeps } from '../http/function.js';
import { type Act, actorFor, type Person, type Stage } from './acknowledge.js';
import type { Edits } from './message-updates.js';
import { follow, type Wait } from './poll-operation.js';
import { readReceipt, type Seen } from './receipt.js';
import { by, denial, problemReply } from './replies.js';
import { type Reply, toChannel } from './reply.js';

export interface Stopping {
  readonly act: Act;
  readonly stage: Stage;
  readonly person: Person;
  readonly reason: string | undefined;
  /** The agent of a single kill. */
  readonly target: string | undefined;
}

/** Gives a stop in somebody's name and tells what became of it, to its end. */
export async function carryOut(
  deps: TriggerDeps,
  wait: Wait,
  { act, stage, person, reason, target }: Stopping,
  edits: Edits,
): Promise<void> {
  const { commandsFor, closing } = deps;
  const tell = (seen: Seen, ...notes: string[]): Reply =>
    toChannel(describeStop(seen, target), [
      ...describeAgents(seen),
      ...seen.warnings,
      ...notes,
      by(person, reason),
    ]);

  const { status, body } = await act(commandsFor(actorFor(person)));
  if (status === 403) {
    const scope = target === undefined ? 'agents:kill-all' : 'agents:kill';
    return edits.last(denial(stage, person, scope));
  }
  const first = status === 200 || status === 202 ? readReceipt(body) : undefined;
  if (!first)
    return edits.last(problemReply(body, `${target ?? 'Nobody'} was ${target ? 'not ' : ''}stopped by this`));
  if (status === 200) return edits.last(tell(first));

  await edits.progress(tell(first, 'Still at it.'));
  const { seen, ended } = await follow(first, {
    subject: person.subject,
    commandsFor,
    wait,
    isClosing: () => closing?.aborted ?? false,
    looked: seen => edits.progress(tell(seen, 'Still at it.')),
  });
  const note = seen.settled
    ? []
    : [
        ended
          ? 'What is pending goes on being tried; nothing more is told here.'
          : `I stop telling here, and the work goes on: killswitch operation ${first.operationId}`,
      ];
  await edits.last(tell(seen, ...note));
}
