import { answered, stopAnswer } from '../../lib/client/answered.js';
import { count, describeSelector } from '../../lib/domain/wording.js';
import type { TextCommand } from '../../lib/triggers/text-command.js';
import { omitUndefined } from '../../lib/util/omit-undefined.js';
import type { TriggerDeps } from '../http/function.js';
import { createNonce, createToken, type PendingKillAll } from './confirmation-token.js';
import { actorFor, type Person, type PlatformContext } from './interaction.js';
import { readReceipt } from './read-receipt.js';
import { askedBy } from './replies.js';
import { type Reply, toAsker, toChannel } from './reply.js';
import { inTimeForAnswer, type Wait } from './wait.js';

export const VALID_FOR_SECONDS = 60;

interface Asked {
  readonly context: PlatformContext;
  readonly person: Person;
  readonly command: Extract<TextCommand, { verb: 'all' | 'latch' }>;
}

/** How many agents it would stop right now; `undefined` if they cannot be counted in time. */
function countSelected(
  { commandsFor }: TriggerDeps,
  wait: Wait,
  { person, command }: Asked,
): Promise<number | undefined> {
  const dryRun = commandsFor(actorFor(person)).killAll({ selector: command.selector, dryRun: true });
  const counted = answered(dryRun, stopAnswer).then(({ status, body }) =>
    status === 200 || status === 202 ? readReceipt(body)?.total : undefined,
  );
  return inTimeForAnswer(counted, wait);
}

/** Shows which agents a kill-all would stop, with a button that carries it out. */
export async function askForConfirmation(deps: TriggerDeps, wait: Wait, asked: Asked): Promise<Reply> {
  const { context, person, command } = asked;
  const { selector, reason } = command;
  const [secret] = context.secrets;
  if (secret === undefined) return toAsker('Nothing was stopped: no secret to sign the button with is set');
  const total = await countSelected(deps, wait, asked);
  const pending = omitUndefined<PendingKillAll>({
    ...{ selector, reason },
    asker: person.subject,
    nonce: createNonce(),
  });
  const token = await createToken(secret, pending, Math.floor(deps.clock.now() / 1000) + VALID_FOR_SECONDS);
  const problem = context.tokenProblem?.(token);
  if (problem !== undefined) return toAsker('Nothing was stopped', [problem]);
  const now = total === undefined ? 'They could not be counted in time.' : `Right now: ${count(total)}.`;
  return {
    ...toChannel(`Stop ${describeSelector(selector)}?`, [
      now,
      askedBy(person, reason),
      `The button works for ${VALID_FOR_SECONDS} seconds.`,
    ]),
    button: { label: total === undefined ? 'Stop them' : `Stop ${count(total)}`, token },
  };
}
