import { mkdtempSync, readdirSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive, startTimeOf } from './proc.js';

/** Suites that run by themselves clean up after themselves. */
export type Suite = 'test' | 'agents';

const NAME = /^killswitch-(test|agents)-(\d+)-(\d+)-\w+$/;

/** Makes this run's folder. Its name says who owns it, so it has an owner at every moment. */
export function makeRunFolder(suite: Suite = 'test'): string {
  const owner = `${process.pid}-${startTimeOf(process.pid)}`;
  return mkdtempSync(join(realpathSync(tmpdir()), `killswitch-${suite}-${owner}-`));
}

/** Folders of earlier runs whose owner is dead. */
export function staleRunFolders(suite: Suite = 'test'): string[] {
  const parent = realpathSync(tmpdir());
  return readdirSync(parent)
    .filter(name => {
      const [, kind, pid, startTime] = NAME.exec(name) ?? [];
      return kind === suite && !isAlive(Number(pid), startTime);
    })
    .map(name => join(parent, name));
}
