import type { AgentRecord } from '../../lib/client/client.js';
import { isActive } from '../../lib/domain/agent.js';
import { readRecord } from '../../lib/domain/record.js';
import { describeRef } from '../../lib/domain/sandbox.js';
import { printable, shortened } from './printable.js';

const WIDEST_CELL = 40;
const HEAD = ['agent', 'status', 'task', 'host', 'runs as', 'started', 'owes'];

function rowOf(record: AgentRecord): (string | undefined)[] {
  const reading = readRecord({ agentId: record.agentId, raw: JSON.stringify(record) });
  if (reading.kind === 'unreadable')
    return [record.agentId, 'unreadable', '', '', '', '', String(record['detail'] ?? '')];
  const { status, taskId, host, sandboxes, startedAt, kill } = reading.agent;
  const sandbox = sandboxes.map(describeRef).join(', ');
  const owes = isActive(status) ? '' : kill?.pending.join(', ');
  const shown = record['seen'] === 'gone' ? `${status}, seen gone` : status;
  return [record.agentId, shown, taskId, host, sandbox, startedAt, owes];
}

/** One line for each agent; what records hold is made printable. */
export async function tableOf(records: readonly AgentRecord[]): Promise<string> {
  const { default: Table } = await import('cli-table3');
  // No colours: the escapes of the table itself would be made visible like all others.
  const table = new Table({ head: HEAD, style: { head: [], border: [], compact: true } });
  for (const record of records) {
    table.push(rowOf(record).map(cell => shortened(printable(cell ?? ''), WIDEST_CELL)));
  }
  return table.toString();
}

/** One line for each member. */
export function describeRecord(record: AgentRecord): string {
  const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
  return Object.entries(record)
    .map(([name, value]) => `${printable(name)}: ${printable(shown(value))}`)
    .join('\n');
}
