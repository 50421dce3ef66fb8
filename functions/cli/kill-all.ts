import type { Command } from 'commander';
import { omitUndefined } from '../../lib/util/omit-undefined.js';
import { graceSeconds } from './options.js';
import { printReceipt } from './receipt.js';
import { type SelectorOptions, selectorFrom, withSelectorOptions } from './selector.js';
import { onTarget, type TargetOptions, withTargetOptions } from './target.js';

interface Options extends TargetOptions, SelectorOptions {
  readonly reason?: string;
  readonly latch?: true;
  readonly grace?: number;
  readonly dryRun?: true;
}

export function addKillAll(program: Command): void {
  const command = program
    .command('kill-all')
    .description('stop every active agent, or the selected ones, at once and without confirmation')
    .option('--reason <text>', 'why, for the audit')
    .option('--latch', 'engage the emergency stop for them first, so that no other agent takes their place')
    .option(
      '--grace <seconds>',
      'send SIGTERM first, and SIGKILL this many seconds later (default: SIGKILL at once)',
      graceSeconds,
    )
    .option('--dry-run', 'only show what would be stopped');
  withTargetOptions(withSelectorOptions(command)).action(async (options: Options) => {
    const { reason, latch, grace, dryRun } = options;
    const selector = selectorFrom(options);
    const body = omitUndefined({ reason, latch, graceSeconds: grace, dryRun, selector });
    const scope = latch ? (['agents:kill-all', 'latch:engage'] as const) : 'agents:kill-all';
    const answer = await onTarget(options, { scope }, target => target.killAll(body));
    process.exitCode = printReceipt(answer, answer.receipt.agents, options);
  });
}
