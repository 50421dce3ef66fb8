import { answered, stopAnswer } from '../../lib/client/answered.js';
import { count, describeSelector } from '../../lib/domain/wording.js';
import type { TextCommand } from '../../lib/triggers/text-command.js';
import { omitUndefined } from '../../lib/util/omit-undefined.js';
import type { TriggerDeps } from '../http/function.js';
import { actorFor, type Person, type Stage } from './acknowledge.js';
import { newNonce, seal, type Ticket } from './confirmation-token.js';
import type { Wait } from './poll-operation.js';
import { readReceipt } from './receipt.js';
import { by } from './replies.js';
import { type Reply, toAsker, toChannel } from './reply.js';

export const GOOD_FOR_SECONDS = 60;
/** Milliseconds. The platforms want an answer within 3 s; what is not known by then is told later, or not at all. */
export const AT_ONCE = 1_200;

type All = Extract<TextCommand, { verb: 'all' | 'latch' }>;

interface Asked {
  readonly stage: Stage;
  readonly person: Person;
  readonly phrase: All;
}

/** How many it would stop right now; `undefined` if nobody can tell in time. */
async function preview(
  { commandsFor }: TriggerDeps,
  wait: Wait,
  { person, phrase }: Asked,
): Promise<number | undefined> {
  const counting = commandsFor(actorFor(person)).killAll({ selector: phrase.selector, dryRun: true });
  const known = answered(counting, stopAnswer).then(({ status, body }) =>
    status === 200 || status === 202 ? readReceipt(body)?.total : undefined,
  );
  return Promise.race([known, wait(AT_ONCE).then(() => undefined)]);
}

/** Asks whether it is meant: whom it would stop, with a button that is good once and for a minute. */
export async function confirmation(deps: TriggerDeps, wait: Wait, asked: Asked): Promise<Reply> {
  const { stage, person, phrase } = asked;
  const { selector, reason } = phrase;
  const [secret] = stage.secrets;
  if (secret === undefined) return toAsker('Nothing was asked: no secret is set up to sign a button with');
  const total = await preview(deps, wait, asked);
  const ticket = omitUndefined<Ticket>({ selector, reason, asker: person.subject, nonce: newNonce() });
  const sealed = await seal(secret, ticket, Math.floor(deps.clock.now() / 1000) + GOOD_FOR_SECONDS);
  const refusal = stage.refuses?.(sealed);
  if (refusal !== undefined) return toAsker('Nothing was stopped', [refusal]);
  const now =
    total === undefined ? 'How many those are could not be told in time.' : `Right now: ${count(total)}.`;
  return {
    ...toChannel(`Stop ${describeSelector(selector)}?`, [
      now,
      by(person, reason),
      `The button is good for ${GOOD_FOR_SECONDS} seconds.`,
    ]),
    button: { label: total === undefined ? 'Stop them' : `Stop ${count(total)}`, sealed },
  };
}
