import type { Command } from 'commander';
import { addDiff } from './quarantine/diff.js';
import { addList } from './quarantine/list.js';
import { addPurge } from './quarantine/purge.js';
import { addRestore } from './quarantine/restore.js';
import { addShow } from './quarantine/show.js';

export function addQuarantine(program: Command): void {
  const quarantine = program
    .command('quarantine')
    .description('what killed agents left on this host: their work, and the evidence')
    .addHelpText(
      'after',
      `
An entry is named <agent ID>~<operation ID>, or by the agent ID alone: then its newest one is meant.
It works on this host, with the settings of "serve", and needs no server. Nothing of an agent's is run.`,
    );
  for (const add of [addList, addShow, addDiff, addRestore, addPurge]) add(quarantine);
}
