import { mkdtempSync, readdirSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive, startTimeOf } from './proc.js';

const NAME = /^killswitch-test-(\d+)-(\d+)-\w+$/;

/** Makes this run's folder. Its name says who owns it, so no moment exists in which nobody does. */
export function makeRunFolder(): string {
  const owner = `${process.pid}-${startTimeOf(process.pid)}`;
  return mkdtempSync(join(realpathSync(tmpdir()), `killswitch-test-${owner}-`));
}

/** Folders of earlier runs whose owner is dead. */
export function staleRunFolders(): string[] {
  const parent = realpathSync(tmpdir());
  return readdirSync(parent)
    .filter(name => {
      const [, pid, startTime] = NAME.exec(name) ?? [];
      return pid !== undefined && !isAlive(Number(pid), startTime);
    })
    .map(name => join(parent, name));
}
