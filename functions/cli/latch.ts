import { Argument, type Command } from 'commander';
import type { Scope } from '../../lib/domain/actor.js';
import { describeLatch } from '../../lib/domain/wording.js';
import { omitUndefined } from '../../lib/util/omit-undefined.js';
import { EXIT, print, printJson, UsageError } from './output.js';
import { type SelectorOptions, selectorFrom, withSelectorOptions } from './selector.js';
import { onTarget, type TargetOptions, withTargetOptions } from './target.js';

const SCOPES = {
  status: 'agents:read',
  engage: 'latch:engage',
  reset: 'latch:reset',
} as const satisfies Record<string, Scope>;
type Action = keyof typeof SCOPES;

interface Options extends TargetOptions, SelectorOptions {
  readonly reason?: string;
}

export function addLatch(program: Command): void {
  const command = program
    .command('latch')
    .description('show, engage or reset the emergency stop: while it is engaged, no selected agent can start')
    .addArgument(new Argument('[action]', 'what to do').choices(Object.keys(SCOPES)).default('status'))
    .option('--reason <text>', 'why, for the audit; a reset needs one');
  withTargetOptions(withSelectorOptions(command)).action(async (action: Action, options: Options) => {
    const { reason, json } = options;
    const selector = selectorFrom(options);
    if (action !== 'engage' && Object.keys(selector).length > 0) {
      throw new UsageError(
        'Only "engage" takes a selection; a reset releases the emergency stop for every agent.',
      );
    }
    const status = await onTarget(options, { scope: SCOPES[action] }, ({ latch }) => {
      switch (action) {
        case 'status':
          return latch.status();
        case 'engage':
          return latch.engage(omitUndefined({ reason, selector }));
        case 'reset':
          if (!reason?.trim())
            throw new UsageError('Say why with --reason: after a reset agents can start again.');
          return latch.reset({ reason });
      }
    });
    if (json) printJson(status);
    else for (const line of [...describeLatch(status), ...(status.errors ?? [])]) print(line);
    if (status.errors) process.exitCode = EXIT.unconfirmed;
  });
}
