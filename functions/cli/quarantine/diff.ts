import type { Command } from 'commander';
import { EXIT, print, printJson, UsageError, warn } from '../output.js';
import { printable } from '../printable.js';
import { entryName, withQuarantine } from './with-quarantine.js';

interface Options {
  readonly raw?: true;
  readonly json?: true;
}

/** Keeps tabs, which are harmless and indent much code. */
const lineOf = (line: string): string => line.split('\t').map(printable).join('\t');

export function addDiff(quarantine: Command): void {
  quarantine
    .command('diff')
    .description('show what the agent had not committed, untracked files included')
    .argument('<entry>', 'its name, or an agent ID', entryName)
    .option('--raw', 'print every byte, binary files included, for "git apply"')
    .option('--json', 'print JSON')
    .action((name: string, { raw, json }: Options) => {
      if (raw && process.stdout.isTTY)
        throw new UsageError(
          '--raw does not print to a terminal, which the agent’s bytes could control: redirect the output.',
        );
      return withQuarantine(async kept => {
        const { patch, truncated, ...changes } = await kept.diff(name, { whole: raw === true });
        const text = Buffer.from(patch);
        if (json) printJson({ ...changes, patch: text.toString(), truncated });
        else if (raw) process.stdout.write(patch);
        else if (patch.length > 0) process.stdout.write(text.toString().split('\n').map(lineOf).join('\n'));
        else print('No uncommitted changes.');
        for (const { path } of changes.tracked.filter(({ status }) => status === 'special'))
          warn(`killswitch: No longer a file, shown as deleted: ${path}`);
        for (const path of changes.untracked.filter(each => each.endsWith('/')))
          warn(`killswitch: A nested repository, not shown: ${path}`);
        if (truncated)
          warn('killswitch: The patch is too long and was cut. Use "quarantine restore" to get the files.');
        return truncated ? EXIT.failed : EXIT.done;
      });
    });
}
