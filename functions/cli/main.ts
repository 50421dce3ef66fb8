#!/usr/bin/env node
import { CommanderError } from 'commander';
import { ClientError } from '../../lib/client/client.js';
import { EXIT, UsageError, warn } from './output.js';
import { createProgram } from './program.js';

/** A reader that has seen enough must not turn an order that was carried out into a failure. */
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  if (code !== 'EPIPE') process.exitCode = EXIT.failed;
});
/** What cannot be told must not end what is being done. */
process.stderr.on('error', () => undefined);

/** Longer than any command. Without it the process would end, without a word, while it waits for what holds it by nothing. */
const keepAlive = setInterval(() => undefined, 2 ** 31 - 1);
try {
  await createProgram().parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
} finally {
  clearInterval(keepAlive);
}

/** Says what went wrong in a sentence, where commander has not done so already. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  warn(`killswitch: ${error instanceof Error ? error.message : 'it failed'}${adviceOn(error)}`);
  return error instanceof UsageError ? EXIT.usage : EXIT.failed;
}

function adviceOn(error: unknown): string {
  if (!(error instanceof ClientError)) return '';
  if (error.code === 'unauthenticated')
    return ': set KILLSWITCH_TOKEN, or KILLSWITCH_SECRET as the server has it';
  const isAbsent = error.code === 'unreachable' && error.cause instanceof TypeError;
  return isAbsent ? ': start one with "killswitch serve", or name it in KILLSWITCH_URL' : '';
}
