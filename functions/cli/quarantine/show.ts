import type { Command } from 'commander';
import { KillswitchError } from '../../../lib/domain/errors.js';
import type { Changes, KeptEntry, Quarantine } from '../../../lib/ports/quarantine.js';
import { EXIT, print, printJson } from '../output.js';
import { printable } from '../printable.js';
import { entryName, size, withQuarantine } from './with-quarantine.js';

/** The uncommitted changes, or why they cannot be determined, which must not hide the rest of the entry. */
async function changesOf(kept: Quarantine, name: string): Promise<Changes | { readonly unknown: string }> {
  try {
    return (await kept.changes(name)) ?? { unknown: 'the git data of the worktree is missing' };
  } catch (error) {
    if (error instanceof KillswitchError) return { unknown: error.message };
    throw error;
  }
}

function uncommitted(changes: Changes | { readonly unknown: string }): string {
  if ('unknown' in changes) return `unknown: ${changes.unknown}`;
  const { tracked, untracked, ignored } = changes;
  return `${tracked.length} changed, ${untracked.length} untracked, ${ignored} ignored`;
}

function linesOf(entry: KeptEntry, changes: Changes | { readonly unknown: string }): string {
  const { agentId, operationId, at, until, evidence, bytes } = entry;
  const lines: [string, string | undefined][] = [
    ['agent', agentId],
    ['operation', operationId],
    ['since', at],
    ['until', until],
    ['host', entry.host],
    ['repository', entry.repository],
    ['worktree', entry.worktreePath],
    ['outcome', entry.outcome],
    ['branch', entry.branch],
    ['commit', entry.commit],
    ['kept by', entry.ref],
    ['not kept', entry.unkept],
    ['uncommitted', entry.worktree ? uncommitted(changes) : undefined],
    ['path', entry.path],
    ['size', size(bytes)],
    ...evidence.map((file): [string, string] => ['evidence', `${file.path} (${size(file.bytes)})`]),
  ];
  return lines
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name.padEnd(12)} ${printable(value)}`]))
    .join('\n');
}

export function addShow(quarantine: Command): void {
  quarantine
    .command('show')
    .description('show one entry: where it came from, what was not committed, and the evidence')
    .argument('<entry>', 'its name, or an agent ID', entryName)
    .option('--json', 'print JSON')
    .action((name: string, { json }: { json?: true }) =>
      withQuarantine(async kept => {
        const entry = await kept.find(name);
        const changes = await changesOf(kept, entry.name);
        if (json) printJson({ ...entry, ...(entry.worktree && { uncommitted: changes }) });
        else print(linesOf(entry, changes));
        return EXIT.done;
      }),
    );
}
