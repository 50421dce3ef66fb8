#!/usr/bin/env node
import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import { ClientError } from '../../lib/client/client.js';
import { addAgents } from './agents.js';
import { addAudit } from './audit.js';
import { addChatops } from './chatops.js';
import { addDemo } from './demo.js';
import { addKill } from './kill.js';
import { addKillAll } from './kill-all.js';
import { addLatch } from './latch.js';
import { addOperation } from './operation.js';
import { EXIT, UsageError, warn } from './output.js';
import { addQuarantine } from './quarantine.js';
import { refuseRepeats } from './repeats.js';
import { addServe } from './serve.js';
import { addSweep } from './sweep.js';
import { addToken } from './token.js';

const program = new Command('killswitch')
  .description('The emergency stop for AI coding agents.')
  .option('-V, --version', 'tell the version')
  .on('option:version', tellVersion)
  .exitOverride()
  // An option belongs to the command that it comes after: `token` and `token revoke` share names.
  .enablePositionalOptions()
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'killswitch: ')) })
  .addHelpText(
    'after',
    `
Exit codes: 0 done and verified, 1 error, 2 wrong usage, 3 accepted but something is unconfirmed, nothing was seen
running, or nothing matched.

Every command reads its settings from the environment, and beneath it from a file as systemd reads one:
  KILLSWITCH_CONFIG   the file; if absent, /etc/killswitch/killswitch.env, or else that in ~/.config/killswitch

Settings of the commands that ask a server:
  KILLSWITCH_URL      where it listens; if absent, its unix socket on this host (KILLSWITCH_SOCKET), or HOST and PORT
  KILLSWITCH_TOKEN    the credential; or, with KILLSWITCH_SECRET as the server has it, one is made for each request
  Each secret may also be in a file that KILLSWITCH_TOKEN_FILE or KILLSWITCH_SECRET_FILE names.

Without a server: "kill", "kill-all" and "latch" take --local, with the settings of "serve"; "sweep", "quarantine" and
"audit verify" always do so.`,
  );

for (const add of [
  addServe,
  addDemo,
  addToken,
  addAgents,
  addKill,
  addKillAll,
  addLatch,
  addOperation,
  addAudit,
  addQuarantine,
  addSweep,
  addChatops,
]) {
  add(program);
}
refuseRepeats(program);

/** A reader that has seen enough must not turn an order that was carried out into a failure. */
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  if (code !== 'EPIPE') process.exitCode = EXIT.failed;
});
/** What cannot be told must not end what is being done. */
process.stderr.on('error', () => undefined);

/** Longer than any command. Without it the process would end, without a word, while it waits for what holds it by nothing. */
const held = setInterval(() => undefined, 2 ** 31 - 1);
try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
} finally {
  clearInterval(held);
}

/** Looked up only when asked for, so that nothing else hangs on it; by name, for it is compiled to another depth. */
function tellVersion(): never {
  const { version } = createRequire(import.meta.url)('killswitch/package.json') as { version: string };
  process.stdout.write(`${version}\n`);
  throw new CommanderError(EXIT.done, 'commander.version', version);
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
