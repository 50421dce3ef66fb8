import type { Command } from 'commander';
import { present } from '../../lib/present.js';
import { connect } from './connect.js';
import { agentId, containerId, graceSeconds, type ServerOptions, withServerOptions } from './options.js';
import { showReceipt } from './receipt.js';

interface Options extends ServerOptions {
  readonly reason?: string;
  readonly grace?: number;
  readonly expectContainer?: string;
  readonly dryRun?: true;
}

export function addKill(program: Command): void {
  const command = program
    .command('kill')
    .description('stop one agent, at once and without asking, and clear up after it')
    .argument('<id>', 'the agent', agentId)
    .option('--reason <text>', 'why, for the audit')
    .option(
      '--grace <seconds>',
      'SIGTERM first, SIGKILL so many seconds later (default: SIGKILL)',
      graceSeconds,
    )
    .option('--expect-container <id>', 'only if it runs in this container', containerId)
    .option('--dry-run', 'only say what would be stopped');
  withServerOptions(command).action(async (id: string, options: Options) => {
    const { reason, grace, expectContainer, dryRun } = options;
    const client = await connect(options, { scope: 'agents:kill', within: { agentId: id } });
    const answer = await client.kill(
      id,
      present({ reason, graceSeconds: grace, expectedContainerId: expectContainer, dryRun }),
    );
    process.exitCode = showReceipt(answer, [answer.receipt], options);
  });
}
