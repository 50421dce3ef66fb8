import { chmodSync, chownSync, mkdirSync, realpathSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { KillswitchError } from '../../../domain/errors.js';
import { type Anchor, type Directory, join } from '../directory.js';
import { QUARANTINE, REPOSITORY_QUARANTINE } from '../quarantine.js';
import { errno } from '../verdict.js';
import { MODE } from './copy-file.js';

export interface Destination {
  readonly parent: Directory;
  readonly name: string;
  readonly directory: Directory;
  /** Its real path, as git wants it noted. */
  readonly path: string;
}

const invalid = (detail: string, cause?: unknown) =>
  new KillswitchError('invalid_request', detail, { cause });

/**
 * Makes the directory that a worktree is restored into. Only this user can enter it until all of it is there: a user who
 * may write beside it could otherwise lead us elsewhere, or use what is half restored.
 * @throws KillswitchError `invalid_request` if something is there already, or there is no place for it
 */
export function makeDestination(anchor: Anchor, given: string): Destination {
  const path = resolve(given);
  const name = basename(path);
  let parent: Directory;
  try {
    parent = anchor.open(realpathSync(dirname(path)));
  } catch (error) {
    throw invalid('The directory that it shall lie in is not there', error);
  }
  const names = [...parent.path.split('/'), name];
  if (['.git', QUARANTINE, REPOSITORY_QUARANTINE].some(each => names.includes(each)))
    throw invalid('It cannot lie inside a quarantine or a git directory');
  try {
    mkdirSync(`${parent.access}/${name}`, { mode: 0o700 });
  } catch (error) {
    const isThere = errno(error) === 'EEXIST';
    throw invalid(isThere ? 'Something is at that path already' : 'Its directory could not be made', error);
  }
  return { parent, name, directory: anchor.enter(parent, name), path: join(parent.path, name) };
}

/** Hands it over, as what it was made from was. */
export function handOver({ directory }: Destination, { stat }: Directory): void {
  if (process.geteuid?.() === 0) chownSync(directory.access, Number(stat.uid), Number(stat.gid));
  chmodSync(directory.access, Number(stat.mode) & MODE);
}
