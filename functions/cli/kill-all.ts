import { type Command, Option } from 'commander';
import { omitUndefined } from '../../lib/util/omit-undefined.js';
import { adoptAll, confirmFound, lookForAgents } from './found.js';
import { graceSeconds, sharedOption } from './options.js';
import { EXIT, print, printJson } from './output.js';
import { printReceipt } from './receipt.js';
import { scanTable } from './scan-table.js';
import { type SelectorOptions, selectorFrom, withSelectorOptions } from './selector.js';
import { onTarget, type TargetOptions, withTargetOptions } from './target.js';

interface Options extends TargetOptions, SelectorOptions {
  readonly reason?: string;
  readonly latch?: true;
  readonly grace?: number;
  readonly shared?: true;
  readonly dryRun?: true;
  readonly found?: true;
  readonly yes?: true;
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
    .addOption(sharedOption())
    .option('--dry-run', 'only show what would be stopped')
    .addOption(
      new Option(
        '--found',
        'everything on this host that looks like an agent, as "scan" shows it, registered or not; asks first, needs no server',
      ).conflicts(['url', 'socket', 'task', 'host', 'status', 'label']),
    )
    .option('--yes', 'do not ask before everything that was found is stopped');
  withTargetOptions(withSelectorOptions(command)).action(async (options: Options) => {
    if (options.found) {
      process.exitCode = await killFound(options);
      return;
    }
    const { reason, latch, grace, dryRun, shared } = options;
    const selector = selectorFrom(options);
    const body = omitUndefined({ reason, latch, graceSeconds: grace, dryRun, shared, selector });
    const scope = latch ? (['agents:kill-all', 'latch:engage'] as const) : 'agents:kill-all';
    const answer = await onTarget(options, { scope }, target => target.killAll(body));
    process.exitCode = printReceipt(answer, answer.receipt.agents, options);
  });
}

/** Adopts what is found on this host and is no agent yet, and stops it. @returns the exit code */
async function killFound(options: Options): Promise<number> {
  const { reason, latch, grace, dryRun, shared, yes, json } = options;
  const findings = await lookForAgents(options);
  if (findings.length === 0) {
    if (json) printJson({ findings });
    else print('No agents found.');
    return EXIT.unconfirmed;
  }
  if (dryRun) {
    if (json) printJson({ findings });
    else print(scanTable(findings, false));
    return EXIT.done;
  }
  if (!(await confirmFound(findings, yes === true))) {
    print('Nothing was stopped.');
    return EXIT.failed;
  }
  const { localCommands, withNode } = await import('./local.js');
  return withNode(async (node, actor) => {
    const agentIds = [...(await adoptAll(node.core, findings))];
    const body = omitUndefined({ reason, latch, graceSeconds: grace, shared, selector: { agentIds } });
    const answer = await localCommands(node, actor).killAll(body);
    return printReceipt(answer, answer.receipt.agents, options);
  });
}
