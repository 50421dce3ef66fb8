import type { Command, Option } from 'commander';
import { agentIds, label } from './options.js';

/** The parsers of options that may be repeated. */
const REPEATABLE: ReadonlySet<unknown> = new Set([agentIds, label]);

const takesOneValue = ({ required, optional, variadic, parseArg }: Option): boolean =>
  (required || optional) && !variadic && !REPEATABLE.has(parseArg);

/**
 * Refuses an option that is given twice but takes one value: it would be unclear which of two tasks is to be stopped.
 */
export function rejectRepeatedOptions(command: Command): void {
  for (const option of command.options.filter(takesOneValue)) {
    let isGiven = false;
    command.on(`option:${option.name()}`, () => {
      if (isGiven) command.error(`error: option '${option.flags}' may be given only once`);
      isGiven = true;
    });
  }
  for (const one of command.commands) rejectRepeatedOptions(one);
}
