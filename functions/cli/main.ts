#!/usr/bin/env node
import { CommanderError } from 'commander';
import { ClientError } from '../../lib/client/client.js';
import { EXIT, UsageError, warn } from './output.js';
import { createProgram } from './program.js';

/** A reader that closes the pipe early must not turn a completed command into a failure. */
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  if (code !== 'EPIPE') process.exitCode = EXIT.failed;
});
/** A closed standard error must not end the command. */
process.stderr.on('error', () => undefined);

/** Longer than any command. Without it the process would exit silently while it waits for something that keeps no handle open. */
const keepAlive = setInterval(() => undefined, 2 ** 31 - 1);
try {
  await createProgram().parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
} finally {
  clearInterval(keepAlive);
}

/** Prints what went wrong in one sentence, unless commander has done so. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  warn(`killswitch: ${error instanceof Error ? error.message : 'the command failed'}${adviceOn(error)}`);
  return error instanceof UsageError ? EXIT.usage : EXIT.failed;
}

/** What to do next about a failed request, as the end of its sentence. */
function adviceOn(error: unknown): string {
  if (!(error instanceof ClientError)) return '';
  if (error.code === 'unauthenticated')
    return ': set KILLSWITCH_TOKEN, or KILLSWITCH_SECRET to the value that the server uses';
  const isAbsent = error.code === 'unreachable' && error.cause instanceof TypeError;
  return isAbsent
    ? ': start one with "killswitch serve", set KILLSWITCH_URL to its address, or use --local with kill, kill-all and latch'
    : '';
}
