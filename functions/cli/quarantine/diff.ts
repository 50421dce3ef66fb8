import type { Command } from 'commander';
import { EXIT, print, printJson, UsageError, warn } from '../output.js';
import { printable } from '../printable.js';
import { entryName, withQuarantine } from './with-quarantine.js';

interface Options {
  readonly raw?: true;
  readonly json?: true;
}

/** Tabs cannot deceive anybody, and indent half of all code. */
const lineOf = (line: string): string => line.split('\t').map(printable).join('\t');

export function addDiff(quarantine: Command): void {
  quarantine
    .command('diff')
    .description('what the agent had not committed, untracked files included')
    .argument('<entry>', 'its name, or an agent ID', entryName)
    .option('--raw', 'byte for byte and with binary files, to be piped into "git apply"')
    .option('--json', 'print JSON')
    .action((name: string, { raw, json }: Options) => {
      if (raw && process.stdout.isTTY)
        throw new UsageError(
          '--raw is not for a terminal, which the agent’s bytes could control: redirect it.',
        );
      return withQuarantine(async kept => {
        const { patch, truncated, ...changes } = await kept.diff(name, { whole: raw === true });
        const text = Buffer.from(patch);
        if (json) printJson({ ...changes, patch: text.toString(), truncated });
        else if (raw) process.stdout.write(patch);
        else if (patch.length > 0) process.stdout.write(text.toString().split('\n').map(lineOf).join('\n'));
        else print('Nothing was left uncommitted.');
        for (const { path } of changes.tracked.filter(({ status }) => status === 'special'))
          warn(`killswitch: Not a file any more, shown as deleted: ${path}`);
        for (const path of changes.untracked.filter(each => each.endsWith('/')))
          warn(`killswitch: A repository of its own, not shown: ${path}`);
        if (truncated) warn('killswitch: The patch was too long and is cut.');
        return truncated ? EXIT.failed : EXIT.done;
      });
    });
}
