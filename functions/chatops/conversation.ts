import { answered, latchStatusAnswer, okAnswer, stopAnswer } from '../../lib/client/answered.js';
import type { StopOptions } from '../../lib/client/commands.js';
import type { Scope } from '../../lib/domain/actor.js';
import type { Selector } from '../../lib/domain/selector.js';
import { describeSelector } from '../../lib/domain/wording.js';
import type { TextCommand } from '../../lib/triggers/text-command.js';
import { omitUndefined } from '../../lib/util/omit-undefined.js';
import type { TriggerDeps } from '../http/function.js';
import { askForConfirmation } from './confirmation.js';
import { type ConfirmationToken, verifyToken } from './confirmation-token.js';
import {
  type Act,
  actorFor,
  type InteractionResult,
  type Person,
  type PlatformContext,
} from './interaction.js';
import { askedBy, denialReply, helpReply, latchReply, partialLatchReply, problemReply } from './replies.js';
import { toAsker, toChannel } from './reply.js';
import { runStop, type StopRequest } from './run-stop.js';
import { statusReply } from './status.js';
import { inTimeForAnswer, type Wait } from './wait.js';

/** What commands and buttons in a chat do, the same for every platform. */
export interface Conversation {
  /** @param key identifies the platform's request: a repeated one is the same operation; absent where there is none */
  ask(
    context: PlatformContext,
    person: Person,
    command: TextCommand,
    key?: string,
  ): Promise<InteractionResult>;
  press(context: PlatformContext, person: Person, token: ConfirmationToken): Promise<InteractionResult>;
}

interface Reason {
  readonly reason?: string;
}

interface LatchChange {
  readonly context: PlatformContext;
  readonly person: Person;
  readonly scope: Scope;
  readonly act: Act;
}

/** A dry run, which stops nothing: for a person without the scope, so that the server refuses and audits it. */
const tryKillAll =
  (selector: Selector): Act =>
  commands =>
    answered(commands.killAll({ selector, dryRun: true }), stopAnswer);

const ASK_AGAIN = 'Ask again: /killswitch all';

export function createConversation(deps: TriggerDeps, wait: Wait): Conversation {
  const { commandsFor, clock } = deps;

  /** Sends the command all the same: the server refuses it, and its audit shows who tried. */
  const deny = (context: PlatformContext, person: Person, scope: Scope, act: Act): InteractionResult => ({
    reply: denialReply(context, person, scope),
    work: async () => void (await act(commandsFor(actorFor(person)))),
  });

  const stop = (headline: string, request: StopRequest): InteractionResult => ({
    reply: toChannel(headline, [askedBy(request.person, request.reason)]),
    work: updates => runStop(deps, wait, request, updates),
  });

  const changeLatch = (
    headline: string,
    { context, person, scope, act }: LatchChange,
  ): InteractionResult => ({
    reply: toChannel(headline, [askedBy(person)]),
    work: async updates => {
      const answer = await act(commandsFor(actorFor(person)));
      const { status, body } = answer;
      if (status === 403) return updates.last(denialReply(context, person, scope));
      if (status === 200) return updates.last(latchReply(answer, askedBy(person)));
      if (status === 202) return updates.last(partialLatchReply(body, askedBy(person)));
      return updates.last(
        problemReply(answer, {
          refused: 'The emergency stop was not changed',
          unknown: 'It is not known whether the emergency stop was changed',
        }),
      );
    },
  });

  return {
    async ask(context, person, command, key) {
      const may = (scope: Scope): boolean => person.scopes.has(scope);
      const once = omitUndefined<StopOptions>({ idempotencyKey: key });
      switch (command.verb) {
        case 'kill': {
          const { agentId: target, reason } = command;
          const act: Act = commands =>
            answered(commands.kill(target, omitUndefined<Reason>({ reason }), once), stopAnswer);
          if (!may('agents:kill')) return deny(context, person, 'agents:kill', act);
          return stop(`Stopping ${target} …`, { act, context, person, reason, target });
        }
        case 'all': {
          if (!may('agents:kill-all')) {
            return deny(context, person, 'agents:kill-all', tryKillAll(command.selector));
          }
          return { reply: await askForConfirmation(deps, wait, { context, person, command }) };
        }
        case 'latch': {
          const { selector, reason } = command;
          const scope = 'latch:engage';
          const body = { selector, ...omitUndefined<Reason>({ reason }) };
          const act: Act = ({ latch }) => answered(latch.engage(body, once), latchStatusAnswer);
          if (!may(scope)) return deny(context, person, scope, act);
          const headline = `Engaging the emergency stop for ${describeSelector(selector)} …`;
          return changeLatch(headline, { context, person, scope, act });
        }
        case 'reset': {
          const scope = 'latch:reset';
          const body = { reason: command.reason ?? 'none given' };
          const act: Act = ({ latch }) => answered(latch.reset(body, once), latchStatusAnswer);
          if (!may(scope)) return deny(context, person, scope, act);
          if (command.reason === undefined) {
            return {
              reply: toAsker('Nothing was reset: a reset needs a reason', ['/killswitch reset <reason>']),
            };
          }
          return changeLatch('Resetting the emergency stop …', { context, person, scope, act });
        }
        case 'status': {
          if (!may('agents:read')) {
            return deny(context, person, 'agents:read', ({ latch }) => answered(latch.status(), okAnswer));
          }
          const reading = statusReply(commandsFor(actorFor(person)));
          const known = await inTimeForAnswer(reading, wait);
          if (known) return { reply: known };
          return {
            reply: toAsker('Reading the status …'),
            work: async updates => updates.last(await reading),
          };
        }
        case 'help':
          return { reply: helpReply(command.problem) };
      }
    },

    async press(context, person, token) {
      const pending = await verifyToken(context.secrets, token, clock.now());
      if (pending === 'forged') {
        return {
          reply: toAsker('Nothing was stopped: this button was not made by this server, or was changed', [
            ASK_AGAIN,
          ]),
        };
      }
      if (pending === 'expired') {
        return { reply: toChannel('Nothing was stopped: the button has expired', [ASK_AGAIN]) };
      }
      const { selector, reason, nonce } = pending;
      if (!person.scopes.has('agents:kill-all')) {
        return deny(context, person, 'agents:kill-all', tryKillAll(selector));
      }
      const body = { selector, ...omitUndefined<Reason>({ reason }) };
      const act: Act = commands => answered(commands.killAll(body, { idempotencyKey: nonce }), stopAnswer);
      const headline = `Stopping ${describeSelector(selector)} …`;
      return stop(headline, { act, context, person, reason, target: undefined });
    },
  };
}
