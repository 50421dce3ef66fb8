import { chownSync, lchownSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join as joinPath } from 'node:path';
import { type Anchor, type Directory, isOurs, join } from '../directory.js';
import { enterOrMake } from '../locked.js';
import { administrativeName } from '../names.js';
import { errno, Verdict } from '../verdict.js';

const MOST = 10_000;
const FILES = ['gitdir', 'HEAD', 'index', 'commondir'];

/** A directory of its own in `worktrees/`, under the name that git would give it. */
function makeNamed(
  anchor: Anchor,
  worktrees: Directory,
  basename: string,
): { name: string; admin: Directory } {
  const wanted = administrativeName(basename) || 'worktree';
  for (let counter = 0; counter < MOST; counter++) {
    const name = counter === 0 ? wanted : `${wanted}${counter}`;
    try {
      mkdirSync(`${worktrees.access}/${name}`);
      return { name, admin: anchor.enter(worktrees, name) };
    } catch (error) {
      if (errno(error) !== 'EEXIST') throw error;
    }
  }
  throw new Verdict('failed', 'the repository has too many worktrees of that name');
}

export interface NewAdmin {
  /** The repository's git directory. */
  readonly git: Directory;
  /** Real path of the worktree, and the open directory. */
  readonly path: string;
  readonly worktree: Directory;
  readonly basename: string;
  /** Text of its `HEAD`. */
  readonly head: string;
  /** Path of its index. */
  readonly index: string;
  /** Whose the files of the worktree are. */
  readonly like: Directory;
}

/**
 * Makes a directory a linked worktree of a repository, as `git worktree add` does but without running anything
 * (gitrepository-layout(5)): its `.git` file, and its administrative directory.
 * @throws Verdict; system errors
 */
export function makeAdmin(anchor: Anchor, options: NewAdmin): void {
  const { git, path, worktree, basename, head, index, like } = options;
  const worktrees = enterOrMake(anchor, git, 'worktrees');
  const { name, admin } = makeNamed(anchor, worktrees, basename);
  const isRoot = process.geteuid?.() === 0;
  const write = (directory: Directory, name: string, content: string | Buffer, owner: Directory): void => {
    const file = `${directory.access}/${name}`;
    writeFileSync(file, content, { flag: 'wx', mode: 0o644 });
    if (isRoot) lchownSync(file, Number(owner.stat.uid), Number(owner.stat.gid));
  };
  try {
    write(worktree, '.git', `gitdir: ${join(worktrees.path, name)}\n`, like);
    write(admin, 'commondir', '../..\n', git);
    write(admin, 'index', readFileSync(index), git);
    write(admin, 'HEAD', head, git);
    write(admin, 'gitdir', `${joinPath(path, '.git')}\n`, git);
    if (isRoot && isOurs(admin.stat)) chownSync(admin.access, Number(git.stat.uid), Number(git.stat.gid));
  } catch (error) {
    for (const each of FILES) rmSync(`${admin.access}/${each}`, { force: true });
    rmdirSync(`${worktrees.access}/${name}`);
    throw error;
  }
}
