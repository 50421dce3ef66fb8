import { type Command, Option } from 'commander';
import type { AgentQuery, AgentRecord, Client } from '../../lib/client/client.js';
import { type Status, statuses } from '../../lib/domain/agent.js';
import { omitUndefined } from '../../lib/util/omit-undefined.js';
import { connect } from './connect.js';
import { agentId, count, type Labels, label, type ServerOptions, withServerOptions } from './options.js';
import { print, printJson, UsageError } from './output.js';
import { describeRecord, tableOf } from './table.js';

const MAX_PAGE = 1_000;

interface Options extends ServerOptions {
  readonly status?: Status | 'unreadable';
  readonly task?: string;
  readonly host?: string;
  readonly label?: Labels;
  readonly limit?: number;
}

export function addAgents(program: Command): void {
  const command = program
    .command('agents')
    .description('list the agents, or show the record of one')
    .argument('[id]', 'the agent', agentId)
    .addOption(
      new Option('--status <status>', 'only agents with this status').choices([...statuses, 'unreadable']),
    )
    .option('--task <id>', 'only agents of this task')
    .option('--host <id>', 'only agents of this host')
    .option('--label <name=value>', 'only agents with this label (may be repeated)', label)
    .option('--limit <n>', 'at most this many', count);
  withServerOptions(command).action(async (id: string | undefined, options: Options) => {
    const { status, task, host, label: labels, limit, json } = options;
    const query = omitUndefined<AgentQuery>({ status, taskId: task, host, labels });
    if (id !== undefined && (limit !== undefined || Object.keys(query).length > 0)) {
      throw new UsageError('Give an agent ID or filters, not both.');
    }
    const client = await connect(options, { scope: 'agents:read' });
    if (id !== undefined) {
      const record = await client.agents.get(id);
      if (json) printJson(record);
      else print(describeRecord(record));
      return;
    }
    const records = await collect(client, query, limit);
    if (json) printJson(records);
    else print(records.length > 0 ? await tableOf(records) : 'No agents found.');
  });
}

/** Reads page after page until the end, or until `limit` records are there. */
async function collect(
  client: Client,
  query: AgentQuery,
  limit = Number.POSITIVE_INFINITY,
): Promise<AgentRecord[]> {
  const records: AgentRecord[] = [];
  let cursor: string | undefined;
  do {
    const page = { limit: Math.min(MAX_PAGE, limit - records.length) };
    const { agents, cursor: next } = await client.agents.list({
      ...query,
      ...page,
      ...omitUndefined({ cursor }),
    });
    records.push(...agents);
    cursor = next;
  } while (cursor !== undefined && records.length < limit);
  return records;
}
