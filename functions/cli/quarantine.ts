import type { Command } from 'commander';
import { addDiff } from './quarantine/diff.js';
import { addList } from './quarantine/list.js';
import { addPurge } from './quarantine/purge.js';
import { addRestore } from './quarantine/restore.js';
import { addShow } from './quarantine/show.js';

export function addQuarantine(program: Command): void {
  const quarantine = program
    .command('quarantine')
    .description('look at and restore what killed agents left on this host: their work, and the evidence')
    .addHelpText(
      'after',
      `
Name an entry <agent ID>~<operation ID>, or by the agent ID alone for its newest entry.
Works on this host with the settings of "serve", without a server. Never runs anything of an agent.`,
    );
  for (const add of [addList, addShow, addDiff, addRestore, addPurge]) add(quarantine);
}
