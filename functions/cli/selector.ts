import { type Command, Option } from 'commander';
import { type Status, statuses } from '../../lib/domain/agent.js';
import type { Selector } from '../../lib/domain/selector.js';
import { omitUndefined } from '../../lib/util/omit-undefined.js';
import { agentIds, type Labels, label } from './options.js';

export interface SelectorOptions {
  readonly agent?: readonly string[];
  readonly task?: string;
  readonly host?: string;
  readonly status?: Status[];
  readonly label?: Labels;
  readonly detector?: string;
}

export const withSelectorOptions = (command: Command): Command =>
  command
    .option('--agent <id>', 'only this agent (may be repeated)', agentIds)
    .option('--task <id>', 'only agents of this task')
    .option('--host <id>', 'only agents of this host')
    .addOption(new Option('--status <status...>', 'only agents of this status').choices(statuses))
    .option('--detector <name>', 'only agents that this detector found, such as claude')
    .option('--label <name=value>', 'only agents with this label (may be repeated)', label);

export const selectorFrom = ({
  agent,
  task,
  host,
  status,
  label: labels,
  detector,
}: SelectorOptions): Selector =>
  omitUndefined<Selector>({ agentIds: agent && [...agent], taskId: task, host, status, labels, detector });
