import { chmodSync, lstatSync, mkdirSync, renameSync, rmdirSync } from 'node:fs';
import { type Anchor, type Directory, isOurs, isSame, isThere } from './directory.js';
import { errno, isDisguised, isGone, Verdict } from './verdict.js';

/** Beside the worktrees, because a rename cannot leave the filesystem. */
export const QUARANTINE = '.killswitch-quarantine';
/** In the repository's git directory, when that is on another filesystem than the worktree. */
export const REPOSITORY_QUARANTINE = 'killswitch-quarantine';

const ENTRY = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}~[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
export const isEntryName = (name: string): boolean => ENTRY.test(name);

/** Name of what one operation cleared of one agent. */
export function entryName(agentId: string, operationId: string): string {
  const name = `${agentId}~${operationId}`;
  if (!isEntryName(name)) throw new Verdict('refused', 'the agent ID or the operation ID is not valid');
  return name;
}

/** A directory that is ours alone: others could put there what we would later delete, or take away what we keep. */
export function enterOwn(anchor: Anchor, parent: Directory, name: string): Directory {
  try {
    const directory = anchor.enter(parent, name);
    if (isOurs(directory.stat)) return directory;
  } catch (error) {
    if (isDisguised(error))
      throw new Verdict('failed', 'the quarantine is a link or no directory', { cause: error });
    throw error;
  }
  throw new Verdict('failed', 'the quarantine belongs to another user');
}

/** The same, made if it is not there. */
export function makeOwn(anchor: Anchor, parent: Directory, name: string): Directory {
  try {
    mkdirSync(`${parent.access}/${name}`, { mode: 0o700 });
  } catch (error) {
    if (errno(error) !== 'EEXIST') throw error;
  }
  const directory = enterOwn(anchor, parent, name);
  if ((directory.stat.mode & 0o077n) !== 0n) chmodSync(directory.access, 0o700);
  return directory;
}

/** Where the entries of `parent` are kept: in `quarantine`, one directory an operation. */
export interface EntryPlace {
  readonly parent: Directory;
  readonly quarantine: string;
  readonly entry: string;
}

/** The entry, if an earlier run made it. */
export function findEntry(anchor: Anchor, { parent, quarantine, entry }: EntryPlace): Directory | undefined {
  if (!isThere(parent, quarantine)) return undefined;
  try {
    return enterOwn(anchor, enterOwn(anchor, parent, quarantine), entry);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

export const makeEntry = (anchor: Anchor, { parent, quarantine, entry }: EntryPlace): Directory =>
  makeOwn(anchor, makeOwn(anchor, parent, quarantine), entry);

/** Takes an entry away again, and its quarantine, where they are empty. */
export function dropEmpty({ parent, quarantine, entry }: EntryPlace): void {
  for (const name of [`${quarantine}/${entry}`, quarantine]) {
    try {
      rmdirSync(`${parent.access}/${name}`);
    } catch {
      return;
    }
  }
}

interface Move {
  readonly from: Directory;
  readonly name: string;
  /** The directory that was examined under that name. */
  readonly examined: Directory;
  readonly into: Directory;
  readonly as: string;
}

/**
 * Renames a directory and makes sure that it is the one that was examined; anything else that was put under the
 * name meanwhile goes back.
 */
export function move({ from, name, examined, into, as }: Move): void {
  const before = `${from.access}/${name}`;
  const after = `${into.access}/${as}`;
  renameSync(before, after);
  if (isSame(lstatSync(after, { bigint: true }), examined.stat)) return;
  renameSync(after, before);
  throw new Verdict('failed', 'the directory was exchanged while it was moved');
}
