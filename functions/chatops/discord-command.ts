import * as z from 'zod';
import { AGENT_ID } from '../../lib/domain/agent.js';
import { parseTextCommand, type TextCommand } from '../../lib/triggers/text-command.js';

/** Types of discord.com/developers/docs/interactions/application-commands */
const CHAT_INPUT = 1;
const SUB_COMMAND = 1;
const STRING = 3;
const IN_A_GUILD = 0;

const text = (name: string, description: string, required = false) => ({
  type: STRING,
  name,
  description,
  required,
  max_length: 1_000,
});
const verb = (name: string, description: string, options: readonly object[] = []) => ({
  type: SUB_COMMAND,
  name,
  description,
  options,
});
const reason = text('reason', 'Why, for the audit');
const selector = text('selector', 'Such as task=t1 label:team=core; every agent if left out');

/** `/killswitch`, as it is registered with Discord. */
export const discordCommand = {
  type: CHAT_INPUT,
  name: 'killswitch',
  description: 'The emergency stop for AI coding agents',
  contexts: [IN_A_GUILD],
  integration_types: [0],
  options: [
    verb('kill', 'Stop one agent at once', [text('id', 'The ID of the agent', true), reason]),
    verb('all', 'Stop every selected agent, after a confirmation', [selector, reason]),
    verb('status', 'Show the emergency stop and the running agents'),
    verb('latch', 'Engage the emergency stop: let no selected agent start until a reset', [selector, reason]),
    verb('reset', 'Reset the emergency stop: let agents start again', [
      text('reason', 'Why, for the audit', true),
    ]),
    verb('help', 'List the commands'),
  ],
};

const dataSchema = z.looseObject({
  options: z
    .array(
      z.looseObject({
        name: z.string(),
        options: z.array(z.looseObject({ name: z.string(), value: z.unknown() })).default([]),
      }),
    )
    .min(1),
});

const onOneLine = (words: string): string => words.trim().split(/\s+/).join(' ').slice(0, 1_000);

/** Parses an interaction. Options stay apart: no word of the selector can become the reason. */
export function commandOf(data: unknown): TextCommand {
  const sub = dataSchema.safeParse(data).data?.options[0];
  const value = (name: string): string => {
    const found = sub?.options.find(one => one.name === name)?.value;
    return typeof found === 'string' ? onOneLine(found) : '';
  };
  const why = value('reason') === '' ? {} : { reason: value('reason') };
  switch (sub?.name) {
    case 'kill':
      return AGENT_ID.test(value('id'))
        ? { verb: 'kill', agentId: value('id'), ...why }
        : { verb: 'help', problem: `${value('id') || 'nothing'} is not an agent ID` };
    case 'all':
    case 'latch': {
      const command = parseTextCommand(`${sub.name} ${value('selector')}`);
      if (!('selector' in command)) return command;
      return command.reason === undefined
        ? { ...command, ...why }
        : { verb: 'help', problem: `${command.reason} is not part of a selector` };
    }
    case 'reset':
      return { verb: 'reset', ...why };
    case 'status':
      return { verb: 'status' };
    default:
      return { verb: 'help' };
  }
}
