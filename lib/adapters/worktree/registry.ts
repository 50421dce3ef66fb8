import { closeSync, constants, fstatSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { type Directory, isOurs } from './directory.js';
import { readSmall } from './files.js';
import { componentsOf } from './place.js';
import { Verdict } from './verdict.js';

/**
 * In each root: the directories below it that have a quarantine, a JSON array of names a line. It is written before
 * the quarantine is made, so that a restarted process finds every one without walking through whole repositories.
 * It is a hint alone: whatever a line names is opened like any other path, and must be ours.
 */
const NAME = '.killswitch-quarantines';
const LIMIT = 16 << 20;

/** Names of the directory that holds a quarantine, below its root. */
export type Holder = readonly string[];

function append(root: Directory, name: string, text: string, flags: number): void {
  const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants;
  const fd = openSync(`${root.access}/${name}`, flags | O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  try {
    const stat = fstatSync(fd, { bigint: true });
    if (!stat.isFile() || !isOurs(stat)) throw new Verdict('failed', 'the list of quarantines is not ours');
    writeSync(fd, text);
  } finally {
    closeSync(fd);
  }
}

/** A crash may have cut the last line: each begins with a newline of its own. */
export const register = (root: Directory, holder: Holder): void =>
  append(root, NAME, `\n${JSON.stringify(holder)}\n`, constants.O_APPEND);

function parse(line: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return Array.isArray(value) ? componentsOf(`/${value.join('/')}`) : undefined;
  } catch {
    return undefined;
  }
}

export function registered(root: Directory): readonly Holder[] {
  const lines = new Set(readSmall(root, NAME, { limit: LIMIT, ours: true })?.split('\n'));
  return [...lines].flatMap(line => {
    const holder = line === '' ? undefined : parse(line);
    return holder === undefined ? [] : [holder];
  });
}

/** Forgets all but these. */
export function compact(root: Directory, holders: readonly Holder[]): void {
  const draft = `${NAME}.new`;
  rmSync(`${root.access}/${draft}`, { force: true });
  append(root, draft, holders.map(holder => `${JSON.stringify(holder)}\n`).join(''), constants.O_EXCL);
  renameSync(`${root.access}/${draft}`, `${root.access}/${NAME}`);
}
