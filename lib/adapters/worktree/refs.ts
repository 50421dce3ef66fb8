import { rmdirSync, rmSync } from 'node:fs';
import { type Anchor, type Directory, isThere } from './directory.js';
import { readSmall } from './files.js';
import { enterOrMake, lock, writeLocked } from './locked.js';
import { holdsObject } from './objects.js';
import { isForbidden, isGone, Verdict } from './verdict.js';

const PACKED = 'packed-refs';
const PACKED_LIMIT = 64 << 20;

/**
 * An ID as a part of a ref's name. What git forbids there (git-check-ref-format(1)) becomes a character that no ID
 * has: `:` becomes `+`, and a dot at the end, before another dot, or of `.lock` at the end becomes `=`.
 */
export const refPart = (id: string): string => id.replaceAll(':', '+').replace(/\.(?=\.|$|lock$)/g, '=');

/** The ref that keeps the last commit of a quarantined worktree: its names, the first of which is `refs`. */
export const keptRef = (agentId: string, operationId: string): string[] => [
  'refs',
  'killswitch',
  refPart(agentId),
  refPart(operationId),
];

export const REFTABLE = 'the repository keeps its refs in a reftable';

/** Since git 2.45 refs may lie in a database of their own (gitformat-reftable(5)). */
export const isReftable = (git: Directory): boolean => isThere(git, 'reftable');

/** Writes a ref, in the place of an older one. @throws Verdict; system errors */
export function writeRef(anchor: Anchor, git: Directory, names: readonly string[], commit: string): void {
  const directory = names.slice(0, -1).reduce((parent, name) => enterOrMake(anchor, parent, name), git);
  writeLocked(directory, names.at(-1) ?? '', `${commit}\n`);
}

/**
 * Keeps a commit reachable, so that `git gc` does not take it away: a worktree's HEAD, which git no longer knows once
 * its administrative directory is moved, is often the only name that it has.
 * @returns why it is not kept, if it is not
 */
export function keepCommit(
  anchor: Anchor,
  git: Directory,
  names: readonly string[],
  commit: string,
): string | undefined {
  if (isReftable(git)) return REFTABLE;
  try {
    if (!holdsObject(anchor, git, commit)) return 'it is not among the repository’s own objects';
    writeRef(anchor, git, names, commit);
    return undefined;
  } catch (error) {
    if (error instanceof Verdict) return error.message;
    return isForbidden(error) ? 'the repository may not be written' : 'its ref could not be written';
  }
}

/** Takes a ref out of the packed ones, where `git gc` puts all of them; a peeled value follows in a line of its own. */
function dropPacked(git: Directory, ref: string): void {
  const held = lock(git, PACKED);
  try {
    if (!isThere(git, PACKED)) return;
    // The names of others' refs may be no text.
    const lines = readSmall(git, PACKED, { limit: PACKED_LIMIT, encoding: 'latin1' })?.split('\n');
    if (lines === undefined) throw new Verdict('failed', 'the packed refs are too large');
    const at = lines.findIndex(line => line.endsWith(` ${ref}`));
    if (at < 0) return;
    const count = lines[at + 1]?.startsWith('^') ? 2 : 1;
    held.write(Buffer.from(lines.toSpliced(at, count).join('\n'), 'latin1'));
    held.commit();
  } finally {
    held.release();
  }
}

/**
 * Takes a ref away, loose or packed, and the directories that it leaves empty.
 * @throws Verdict while git holds a lock; system errors
 */
export function dropRef(anchor: Anchor, git: Directory, names: readonly string[]): void {
  if (isReftable(git)) return;
  dropPacked(git, names.join('/'));
  const way = [git];
  try {
    for (const name of names.slice(0, -1)) way.push(anchor.enter(way.at(-1) ?? git, name));
    rmSync(`${way.at(-1)?.access}/${names.at(-1)}`, { force: true });
  } catch (error) {
    if (!isGone(error)) throw error;
  }
  try {
    for (let depth = way.length - 2; depth > 0; depth--) rmdirSync(`${way[depth]?.access}/${names[depth]}`);
  } catch {
    // Not empty.
  }
}
