import { createInterface } from 'node:readline/promises';
import { type Command, Option } from 'commander';
import { EXIT, print, printJson, UsageError, warn } from '../output.js';
import { entryName, withQuarantine } from './with-quarantine.js';

interface Options {
  readonly expired?: true;
  readonly yes?: true;
  readonly json?: true;
}

/** @throws UsageError if standard input is not a terminal */
async function confirm(question: string): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new UsageError(
      'Standard input is not a terminal, so the question cannot be asked: add --yes to delete it for good.',
    );
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await asking.question(`${question} [y/N] `)).trim());
  } finally {
    asking.close();
  }
}

export function addPurge(quarantine: Command): void {
  quarantine
    .command('purge')
    .description('delete an entry for good')
    .argument('[entry]', 'its name, or an agent ID', entryName)
    .addOption(new Option('--expired', 'delete all entries that have expired, instead of one'))
    .option('--yes', 'do not ask')
    .option('--json', 'print JSON')
    .action((name: string | undefined, { expired, yes, json }: Options) => {
      if ((name === undefined) !== (expired === true)) throw new UsageError('Give one entry, or --expired.');
      return withQuarantine(async kept => {
        const entry = name === undefined ? undefined : await kept.find(name);
        const what = entry ? `the work and the evidence of ${entry.name}` : 'all expired entries';
        if (!yes && !(await confirm(`Delete ${what} for good?`))) return EXIT.failed;
        const deleted = entry ? Number(await kept.purge(entry.name)) : await kept.purgeExpired();
        if (json) printJson({ deleted, ...(entry && { entry: entry.name }) });
        else if (entry && deleted === 0) warn(`killswitch: Not completely deleted: ${entry.path}`);
        else print(`Deleted ${deleted} ${deleted === 1 ? 'entry' : 'entries'}.`);
        return entry && deleted === 0 ? EXIT.failed : EXIT.done;
      });
    });
}
