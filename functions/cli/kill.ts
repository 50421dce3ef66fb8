import type { Command } from 'commander';
import { agentIn } from '../../lib/client/responses.js';
import { omitUndefined } from '../../lib/util/omit-undefined.js';
import { agentId, containerId, graceSeconds } from './options.js';
import { printReceipt } from './receipt.js';
import { onTarget, type TargetOptions, withTargetOptions } from './target.js';

interface Options extends TargetOptions {
  readonly reason?: string;
  readonly grace?: number;
  readonly expectContainer?: string;
  readonly dryRun?: true;
}

export function addKill(program: Command): void {
  const command = program
    .command('kill')
    .description('stop one agent, at once and without confirmation, and clean up after it')
    .argument('<id>', 'the agent', agentId)
    .option('--reason <text>', 'why, for the audit')
    .option(
      '--grace <seconds>',
      'send SIGTERM first, and SIGKILL this many seconds later (default: SIGKILL at once)',
      graceSeconds,
    )
    .option('--expect-container <id>', 'only if it runs in this container', containerId)
    .option('--dry-run', 'only show what would be stopped');
  withTargetOptions(command).action(async (id: string, options: Options) => {
    const { reason, grace, expectContainer, dryRun } = options;
    const body = omitUndefined({ reason, graceSeconds: grace, expectedContainerId: expectContainer, dryRun });
    const needs = { scope: 'agents:kill', within: { agentId: id } } as const;
    const answer = await onTarget(options, needs, target => target.kill(id, body));
    process.exitCode = printReceipt(answer, agentIn(answer.receipt), options);
  });
}
