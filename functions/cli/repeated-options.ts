import type { Command, Option } from 'commander';
import { agentIds, label } from './options.js';

/** Options that each add to those before them. */
const REPEATABLE: ReadonlySet<unknown> = new Set([agentIds, label]);

const takesOneValue = ({ required, optional, variadic, parseArg }: Option): boolean =>
  (required || optional) && !variadic && !REPEATABLE.has(parseArg);

/**
 * Refuses an option that is given twice where one value counts: which one that is nobody should have to guess, least of
 * all of two tasks that are to be stopped.
 */
export function rejectRepeatedOptions(command: Command): void {
  for (const option of command.options.filter(takesOneValue)) {
    let isGiven = false;
    command.on(`option:${option.name()}`, () => {
      if (isGiven) command.error(`error: option '${option.flags}' counts once, and is given twice`);
      isGiven = true;
    });
  }
  for (const one of command.commands) rejectRepeatedOptions(one);
}
