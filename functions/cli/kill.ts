import type { Command } from 'commander';
import { agentIn } from '../../lib/client/responses.js';
import type { KillBody } from '../../lib/domain/command.js';
import { omitUndefined } from '../../lib/util/omit-undefined.js';
import { adoptAll, agentAt } from './found.js';
import { agentId, containerId, graceSeconds, sharedOption } from './options.js';
import { EXIT, print } from './output.js';
import { printReceipt } from './receipt.js';
import { scanTable } from './scan-table.js';
import { onTarget, type TargetOptions, withTargetOptions } from './target.js';

interface Options extends TargetOptions {
  readonly reason?: string;
  readonly grace?: number;
  readonly expectContainer?: string;
  readonly shared?: true;
  readonly dryRun?: true;
}

export function addKill(program: Command): void {
  const command = program
    .command('kill')
    .description('stop one agent, at once and without confirmation, and clean up after it')
    .argument('<id>', 'the agent; with --local also the PID of one of its processes', agentId)
    .option('--reason <text>', 'why, for the audit')
    .option(
      '--grace <seconds>',
      'send SIGTERM first, and SIGKILL this many seconds later (default: SIGKILL at once)',
      graceSeconds,
    )
    .option('--expect-container <id>', 'only if it runs in this container', containerId)
    .addOption(sharedOption())
    .option('--dry-run', 'only show what would be stopped');
  withTargetOptions(command).action(async (id: string, options: Options) => {
    const { reason, grace, expectContainer: expectedContainerId, dryRun, shared } = options;
    const body = omitUndefined({ reason, graceSeconds: grace, expectedContainerId, dryRun, shared });
    const needs = { scope: 'agents:kill', within: { agentId: id } } as const;
    if (options.local && /^\d+$/.test(id)) {
      process.exitCode = await killAt(id, body, options);
      return;
    }
    const answer = await onTarget(options, needs, target => target.kill(id, body));
    process.exitCode = printReceipt(answer, agentIn(answer.receipt), options);
  });
}

/** Stops the agent of this ID, or else the one that this process of this host belongs to. @returns the exit code */
async function killAt(id: string, body: KillBody, options: Options): Promise<number> {
  const { localCommands, withNode } = await import('./local.js');
  return withNode(async (node, actor) => {
    const known = await node.core.records.agents([id]).catch(() => []);
    const found = known.length > 0 ? [] : [await agentAt(Number(id))];
    if (body.dryRun && found.length > 0) {
      print(scanTable(found, false));
      return EXIT.done;
    }
    const [agentId = id] = await adoptAll(node.core, found);
    const answer = await localCommands(node, actor).kill(agentId, body);
    return printReceipt(answer, agentIn(answer.receipt), options);
  });
}
