import {
  chownSync,
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { type Anchor, type Directory, isOurs } from './directory.js';
import { errno, Verdict } from './verdict.js';

/** The owner of the repository must be able to change and pack what we put into it. */
function isOthers({ stat }: Directory): boolean {
  return process.geteuid?.() === 0 && stat.uid !== 0n;
}

/** Makes a directory if there is none, and opens it. */
export function enterOrMake(anchor: Anchor, parent: Directory, name: string): Directory {
  try {
    mkdirSync(`${parent.access}/${name}`);
  } catch (error) {
    if (errno(error) === 'EEXIST') return anchor.enter(parent, name);
    throw error;
  }
  const made = anchor.enter(parent, name);
  if (!isOthers(parent) || !isOurs(made.stat)) return made;
  chownSync(made.access, Number(parent.stat.uid), Number(parent.stat.gid));
  return anchor.enter(parent, name);
}

/** The lock that git itself takes for changing a file: `<name>.lock`, renamed into its place when it is whole. */
interface Lock {
  write(content: string | Buffer): void;
  /** Puts what was written in the file's place. */
  commit(): void;
  /** Lets go of it. */
  release(): void;
}

/** @throws Verdict if the lock is held; system errors */
export function lock(directory: Directory, name: string): Lock {
  const path = `${directory.access}/${name}`;
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
  let fd: number;
  try {
    fd = openSync(`${path}.lock`, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644);
  } catch (error) {
    if (errno(error) !== 'EEXIST') throw error;
    throw new Verdict('failed', 'a lock of git stands in the way', { cause: error });
  }
  if (isOthers(directory) && isOurs(fstatSync(fd, { bigint: true }))) {
    fchownSync(fd, Number(directory.stat.uid), Number(directory.stat.gid));
  }
  let isHeld = true;
  return {
    write: content => writeFileSync(fd, content),
    commit() {
      renameSync(`${path}.lock`, path);
      isHeld = false;
    },
    release() {
      closeSync(fd);
      if (isHeld) rmSync(`${path}.lock`, { force: true });
    },
  };
}

/** Writes a file of the repository whole, or not at all. */
export function writeLocked(directory: Directory, name: string, text: string): void {
  const held = lock(directory, name);
  try {
    held.write(text);
    held.commit();
  } finally {
    held.release();
  }
}
