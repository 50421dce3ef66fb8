import { answered, latchStatusAnswer, okAnswer, stopAnswer } from '../../lib/client/answered.js';
import type { StopOptions } from '../../lib/client/commands.js';
import type { Scope } from '../../lib/domain/actor.js';
import type { Selector } from '../../lib/domain/selector.js';
import { describeSelector } from '../../lib/domain/wording.js';
import type { TextCommand } from '../../lib/triggers/text-command.js';
import { omitUndefined } from '../../lib/util/omit-undefined.js';
import type { TriggerDeps } from '../http/function.js';
import { type Act, type Answer, actorFor, type Person, type Stage } from './acknowledge.js';
import { AT_ONCE, confirmation } from './confirmation.js';
import { type Sealed, unseal } from './confirmation-token.js';
import type { Wait } from './poll-operation.js';
import { by, denial, helpReply, latchReply, partialLatchReply, problemReply } from './replies.js';
import { toAsker, toChannel } from './reply.js';
import { carryOut, type Stopping } from './run-stop.js';
import { statusReply } from './status.js';

export interface Conversation {
  /** @param key the same delivery's always, and no other's; absent where the platform has none */
  ask(stage: Stage, person: Person, phrase: TextCommand, key?: string): Promise<Answer>;
  press(stage: Stage, person: Person, sealed: Sealed): Promise<Answer>;
}

interface Reason {
  readonly reason?: string;
}

interface Turning {
  readonly stage: Stage;
  readonly person: Person;
  readonly scope: Scope;
  readonly act: Act;
}

/** Stops nobody: for one who may not, so that it is refused and audited. */
const tryKillAll =
  (selector: Selector): Act =>
  commands =>
    answered(commands.killAll({ selector, dryRun: true }), stopAnswer);

const AGAIN = 'Ask again: /killswitch all';

/** What people ask for in a chat and what they are told, whatever the platform. */
export function openConversation(deps: TriggerDeps, wait: Wait): Conversation {
  const { commandsFor, clock } = deps;

  /** The order is given all the same: the server refuses it, and keeps in its audit who tried. */
  const deny = (stage: Stage, person: Person, scope: Scope, act: Act): Answer => ({
    reply: denial(stage, person, scope),
    work: async () => void (await act(commandsFor(actorFor(person)))),
  });

  const stop = (doing: string, stopping: Stopping): Answer => ({
    reply: toChannel(doing, [by(stopping.person, stopping.reason)]),
    work: edits => carryOut(deps, wait, stopping, edits),
  });

  const turnLatch = (doing: string, { stage, person, scope, act }: Turning): Answer => ({
    reply: toChannel(doing, [by(person)]),
    work: async edits => {
      const { status, body } = await act(commandsFor(actorFor(person)));
      if (status === 403) return edits.last(denial(stage, person, scope));
      if (status === 200) return edits.last(latchReply(body, by(person)));
      if (status === 202) return edits.last(partialLatchReply(body, by(person)));
      return edits.last(problemReply(body, 'The emergency stop was not changed'));
    },
  });

  return {
    async ask(stage, person, phrase, key) {
      const may = (scope: Scope): boolean => person.scopes.has(scope);
      const once = omitUndefined<StopOptions>({ idempotencyKey: key });
      switch (phrase.verb) {
        case 'kill': {
          const { agentId: target, reason } = phrase;
          const act: Act = commands =>
            answered(commands.kill(target, omitUndefined<Reason>({ reason }), once), stopAnswer);
          if (!may('agents:kill')) return deny(stage, person, 'agents:kill', act);
          return stop(`Stopping ${target} …`, { act, stage, person, reason, target });
        }
        case 'all': {
          if (!may('agents:kill-all')) {
            return deny(stage, person, 'agents:kill-all', tryKillAll(phrase.selector));
          }
          return { reply: await confirmation(deps, wait, { stage, person, phrase }) };
        }
        case 'latch': {
          const { selector, reason } = phrase;
          const scope = 'latch:engage';
          const body = { selector, ...omitUndefined<Reason>({ reason }) };
          const act: Act = ({ latch }) => answered(latch.engage(body, once), latchStatusAnswer);
          if (!may(scope)) return deny(stage, person, scope, act);
          const doing = `Engaging the emergency stop for ${describeSelector(selector)} …`;
          return turnLatch(doing, { stage, person, scope, act });
        }
        case 'reset': {
          const scope = 'latch:reset';
          const body = { reason: phrase.reason ?? 'none given' };
          const act: Act = ({ latch }) => answered(latch.reset(body, once), latchStatusAnswer);
          if (!may(scope)) return deny(stage, person, scope, act);
          if (phrase.reason === undefined) {
            return { reply: toAsker('Nothing was reset: say why', ['/killswitch reset <reason>']) };
          }
          return turnLatch('Resetting the emergency stop …', { stage, person, scope, act });
        }
        case 'status': {
          if (!may('agents:read')) {
            return deny(stage, person, 'agents:read', ({ latch }) => answered(latch.status(), okAnswer));
          }
          const looking = statusReply(commandsFor(actorFor(person)));
          const known = await Promise.race([looking, wait(AT_ONCE).then(() => undefined)]);
          if (known) return { reply: known };
          return { reply: toAsker('Looking …'), work: async edits => edits.last(await looking) };
        }
        case 'help':
          return { reply: helpReply(phrase.problem) };
      }
    },

    async press(stage, person, sealed) {
      const ticket = await unseal(stage.secrets, sealed, clock.now());
      if (ticket === 'forged') {
        return { reply: toAsker('Nothing was stopped: this button is none of mine', [AGAIN]) };
      }
      if (ticket === 'late') {
        return { reply: toChannel('Nothing was stopped: the confirmation came too late', [AGAIN]) };
      }
      const { selector, reason, nonce } = ticket;
      if (!person.scopes.has('agents:kill-all')) {
        return deny(stage, person, 'agents:kill-all', tryKillAll(selector));
      }
      const body = { selector, ...omitUndefined<Reason>({ reason }) };
      const act: Act = commands => answered(commands.killAll(body, { idempotencyKey: nonce }), stopAnswer);
      return stop(`Stopping ${describeSelector(selector)} …`, {
        act,
        stage,
        person,
        reason,
        target: undefined,
      });
    },
  };
}
