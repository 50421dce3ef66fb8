import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import { addAdopt } from './adopt.js';
import { addAgents } from './agents.js';
import { addAudit } from './audit.js';
import { addChatops } from './chatops.js';
import { addDemo } from './demo.js';
import { addKill } from './kill.js';
import { addKillAll } from './kill-all.js';
import { addLatch } from './latch.js';
import { addOperation } from './operation.js';
import { EXIT } from './output.js';
import { addQuarantine } from './quarantine.js';
import { rejectRepeatedOptions } from './repeated-options.js';
import { addRun } from './run.js';
import { addScan } from './scan.js';
import { addServe } from './serve.js';
import { addSweep } from './sweep.js';
import { addToken } from './token.js';
import { type CommandVariable, configVariable, serverVariables } from './variables.js';

/** Reads package.json by the package's name, because the bundle is in another directory. */
function printVersion(): never {
  const { version } = createRequire(import.meta.url)('killswitch/package.json') as { version: string };
  process.stdout.write(`${version}\n`);
  throw new CommanderError(EXIT.done, 'commander.version', version);
}

const line = ({ name, meaning }: CommandVariable): string => `  ${name.padEnd(19)} ${meaning}`;

const after = `
Exit codes: 0 done and verified, 1 error, 2 wrong usage, 3 accepted but something is unconfirmed, nothing was seen
running, or nothing matched.

Every command reads its settings from the environment, and what is not set there from a file in systemd's format:
${line(configVariable)}

Settings of the commands that ask a server:
${serverVariables.map(line).join('\n')}
  Each secret may also be in a file that KILLSWITCH_TOKEN_FILE or KILLSWITCH_SECRET_FILE names.

Without a server: "kill", "kill-all" and "latch" with --local, which then use the settings of "serve"; "scan", "adopt",
"sweep", "quarantine" and "audit verify" never need a server.`;

/** The program with all its commands, not run yet. */
export function createProgram(): Command {
  const program = new Command('killswitch')
    .description('The emergency stop for AI coding agents.')
    .option('-V, --version', 'print the version')
    .on('option:version', printVersion)
    .exitOverride()
    // An option belongs to the command that it comes after: `token` and `token revoke` share names.
    .enablePositionalOptions()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'killswitch: ')) })
    .addHelpText('after', after);
  for (const add of [
    addServe,
    addDemo,
    addRun,
    addToken,
    addScan,
    addAdopt,
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
  rejectRepeatedOptions(program);
  return program;
}
