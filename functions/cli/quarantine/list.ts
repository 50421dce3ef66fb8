import type { Command } from 'commander';
import type { KeptEntry } from '../../../lib/ports/quarantine.js';
import { EXIT, print, printJson } from '../output.js';
import { printable, shortened } from '../printable.js';
import { size, withQuarantine } from './with-quarantine.js';

const WIDEST_CELL = 60;
const HEAD = ['agent', 'operation', 'since (UTC)', 'until (UTC)', 'repository', 'branch', 'size', 'holds'];

function rowOf({
  agentId,
  operationId,
  at,
  until,
  repository,
  branch,
  bytes,
  ...entry
}: KeptEntry): string[] {
  const holds = [
    ...(entry.worktree ? ['worktree'] : []),
    ...(entry.evidence.length > 0 ? ['evidence'] : []),
  ].join(', ');
  const date = (text: string): string => text.slice(0, 16).replace('T', ' ');
  const commit = branch ?? entry.commit?.slice(0, 12) ?? '';
  return [agentId, operationId, date(at), date(until), repository ?? '', commit, size(bytes), holds];
}

/** One line for each entry; names that the agent chose are made printable. */
async function tableOf(entries: readonly KeptEntry[]): Promise<string> {
  const { default: Table } = await import('cli-table3');
  const table = new Table({ head: HEAD, style: { head: [], border: [], compact: true } });
  for (const entry of entries) {
    table.push(rowOf(entry).map(cell => shortened(printable(cell), WIDEST_CELL)));
  }
  return table.toString();
}

export function addList(quarantine: Command): void {
  quarantine
    .command('list')
    .description('list all entries, newest first')
    .option('--json', 'print JSON')
    .action(({ json }: { json?: true }) =>
      withQuarantine(async kept => {
        const entries = await kept.list();
        if (json) printJson({ entries });
        else print(entries.length === 0 ? 'The quarantine is empty.' : await tableOf(entries));
        return EXIT.done;
      }),
    );
}
