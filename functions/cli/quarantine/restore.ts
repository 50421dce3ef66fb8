import type { Command } from 'commander';
import type { Restored } from '../../../lib/ports/quarantine.js';
import { EXIT, print, printJson, warn } from '../output.js';
import { entryName, withQuarantine } from './with-quarantine.js';

/** How many files that were left out are listed by name. */
const MOST = 20;

function describeCheckout(checkout: NonNullable<Restored['checkout']>): string {
  const { branch, insteadOf, commit = '' } = checkout;
  if (branch === undefined) return `HEAD is detached at ${commit}, as it was.`;
  return insteadOf === undefined
    ? `It is on branch ${branch}.`
    : `It is on the new branch ${branch}: ${insteadOf} is in use, was moved, or is gone.`;
}

function printRestored({ path, files, checkout, leftOut, notes }: Restored): void {
  print(`Restored ${files} file${files === 1 ? '' : 's'} to ${path}`);
  if (checkout) print(describeCheckout(checkout));
  for (const note of notes) warn(`killswitch: Note: ${note}.`);
  for (const { path: name, why } of leftOut.slice(0, MOST))
    warn(`killswitch: Not restored: ${name}: ${why}.`);
  if (leftOut.length > MOST) warn(`killswitch: Not restored: ${leftOut.length - MOST} more.`);
}

export function addRestore(quarantine: Command): void {
  quarantine
    .command('restore')
    .description('restore the branch, the commits and the files into a new worktree; the entry stays')
    .argument('<entry>', 'its name, or an agent ID', entryName)
    .argument('<path>', 'a path that does not exist yet')
    .option('--json', 'print JSON')
    .action((name: string, path: string, { json }: { json?: true }) =>
      withQuarantine(async kept => {
        const restored = await kept.restore(name, path);
        if (json) printJson(restored);
        else printRestored(restored);
        return restored.checkout && restored.leftOut.length === 0 ? EXIT.done : EXIT.failed;
      }),
    );
}
