import type { Argument, Command, Option } from 'commander';
import { code, plain, table } from './table.js';

const choicesOf = ({ argChoices }: Option | Argument): string =>
  argChoices ? `: ${argChoices.map(code).join(', ')}` : '';

const defaultOf = ({ defaultValue, defaultValueDescription }: Option | Argument): string => {
  const shown = defaultValueDescription ?? defaultValue;
  return shown === undefined || shown === false ? '' : ` (default: ${code(String(shown))})`;
};

const sentence = (text: string): string => plain(text.charAt(0).toUpperCase() + text.slice(1));

/** The full name of a command, such as `killswitch audit verify`. */
const pathOf = (command: Command): string =>
  command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();

function section(command: Command): string[] {
  const options = command.options.filter(({ hidden }) => !hidden);
  const usage = [pathOf(command), command.usage()].join(' ');
  return [
    `## ${pathOf(command)}`,
    '',
    `${sentence(command.description())}.`,
    '',
    '```text',
    usage,
    '```',
    '',
    ...table(
      ['argument', 'meaning'],
      command.registeredArguments
        .filter(({ description }) => description)
        .map(one => [code(one.name()), `${plain(one.description)}${choicesOf(one)}${defaultOf(one)}`]),
    ),
    ...table(
      ['option', 'meaning'],
      options.map(one => [
        code(one.flags),
        `${plain(one.description)}${choicesOf(one)}${defaultOf(one)}${one.mandatory ? ' (required)' : ''}`,
      ]),
    ),
    ...command.commands.flatMap(section),
  ];
}

/** The `--help` of a command, at 100 columns. */
function helpOf(program: Command): string {
  let text = '';
  program.configureOutput({
    writeOut: part => {
      text += part;
    },
    getOutHelpWidth: () => 100,
    getOutHasColors: () => false,
  });
  program.outputHelp();
  return text.trimEnd();
}

/** Every command with its arguments and options, made from the program. */
export function commandReference(program: Command): string {
  return [
    '# Command reference',
    '',
    'Every command of `killswitch` with its arguments and options, generated from the program; each also takes `--help`. How to use them: [Command line](command-line.md).',
    '',
    '```text',
    helpOf(program),
    '```',
    '',
    ...program.commands.flatMap(section),
  ].join('\n');
}
