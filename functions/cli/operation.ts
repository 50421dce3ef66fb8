import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import type { OperationStatus } from '../../lib/client/client.js';
import { statusOf } from '../http/answer.js';
import { connect } from './connect.js';
import { type ServerOptions, withServerOptions } from './options.js';
import { EXIT, print, printJson } from './output.js';
import { printReceipt } from './receipt.js';

/** Milliseconds. */
const POLL = 500;

interface Options extends ServerOptions {
  readonly follow?: true;
}

export function addOperation(program: Command): void {
  const command = program
    .command('operation')
    .description('show the state and the receipt of a stop')
    .argument('<id>', 'its operation ID')
    .option('--follow', 'show its progress until it has ended');
  addDismiss(command);
  withServerOptions(command).action(async (id: string, options: Options) => {
    const client = await connect(options, { scope: 'agents:read' });
    let printed = '';
    for (;;) {
      const operation = await client.operation(id);
      if (!options.follow || operation.state === 'ended') {
        process.exitCode = printOperation(operation, options);
        return;
      }
      const message = operation.receipt?.message ?? 'Still running';
      if (message !== printed && !options.json) print(message);
      printed = message;
      await delay(POLL);
    }
  });
}

interface DismissOptions extends ServerOptions {
  readonly reason: string;
}

function addDismiss(operation: Command): void {
  const command = operation
    .command('dismiss')
    .description('give up what a stop still owes: it is not retried, and you take responsibility for it')
    .argument('<id>', 'its operation ID')
    .requiredOption('--reason <text>', 'why it no longer needs to be done, for the audit');
  withServerOptions(command).action(async (id: string, options: DismissOptions) => {
    const client = await connect(options, { scope: 'latch:reset' });
    const dismissed = await client.dismiss(id, { reason: options.reason });
    if (options.json) printJson(dismissed);
    else for (const line of [dismissed.message, ...dismissed.agents.map(one => `  ${one}`)]) print(line);
  });
}

/** Prints the operation. @returns the exit code */
function printOperation(operation: OperationStatus, options: Options): number {
  const { type, state, requestedAt, requestedBy, reason, receipt } = operation;
  if (options.json) printJson(operation);
  else {
    print(
      `${type}, ${state}, requested ${requestedAt} by ${requestedBy}${reason === undefined ? '' : `: ${reason}`}`,
    );
  }
  if (!receipt) return EXIT.unconfirmed;
  const status = statusOf(receipt);
  const confirmed = state === 'ended' && status === 200 && receipt.verified;
  if (options.json) return confirmed ? EXIT.done : EXIT.unconfirmed;
  return printReceipt({ status, confirmed, receipt }, receipt.agents, options);
}
