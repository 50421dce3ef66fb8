import { type Command, Option } from 'commander';
import { type Status, statuses } from '../../lib/agent.js';
import type { Selector } from '../../lib/command.js';
import { present } from '../../lib/present.js';
import { connect } from './connect.js';
import {
  agentIds,
  graceSeconds,
  type Labels,
  label,
  type ServerOptions,
  withServerOptions,
} from './options.js';
import { showReceipt } from './receipt.js';

interface Options extends ServerOptions {
  readonly reason?: string;
  readonly agent?: readonly string[];
  readonly task?: string;
  readonly host?: string;
  readonly status?: Status[];
  readonly label?: Labels;
  readonly grace?: number;
  readonly dryRun?: true;
}

export function addKillAll(program: Command): void {
  const command = program
    .command('kill-all')
    .description('stop every active agent, or those selected, at once and without asking')
    .option('--reason <text>', 'why, for the audit')
    .option('--agent <id>', 'only this agent (may be repeated)', agentIds)
    .option('--task <id>', 'only agents of this task')
    .option('--host <id>', 'only agents of this host')
    .addOption(new Option('--status <status...>', 'only agents of this status').choices(statuses))
    .option('--label <name=value>', 'only agents with this label (may be repeated)', label)
    .option(
      '--grace <seconds>',
      'SIGTERM first, SIGKILL so many seconds later (default: SIGKILL)',
      graceSeconds,
    )
    .option('--dry-run', 'only say what would be stopped');
  withServerOptions(command).action(async (options: Options) => {
    const { reason, agent, task, host, status, label: labels, grace, dryRun } = options;
    const client = await connect(options, { scope: 'agents:kill-all' });
    const selector = present<Selector>({
      agentIds: agent && [...agent],
      taskId: task,
      host,
      status,
      labels,
    });
    const answer = await client.killAll(present({ reason, graceSeconds: grace, dryRun, selector }));
    process.exitCode = showReceipt(answer, answer.receipt.agents, options);
  });
}
