import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { findAdmin } from '../../lib/adapters/worktree/admin.js';
import { type Anchor, anchorByDescriptor } from '../../lib/adapters/worktree/directory.js';
import { temporaryDirectory } from '../services/agents.js';

interface Layout {
  /** Text of `gitdir` in each entry; null: the entry has none. */
  readonly entries?: Readonly<Record<string, string | null>>;
  /** Text of the worktree's `.git` file. */
  readonly dotGit?: string;
  readonly spellings?: readonly string[];
  readonly isVacant?: (path: string) => boolean;
}

/** A repository's git directory, and a worktree that is recorded at /trees/a1. */
function layOut({ entries, dotGit, spellings = ['/trees/a1'], isVacant = () => false }: Layout) {
  const base = temporaryDirectory();
  const git = join(base, 'git');
  mkdirSync(git);
  mkdirSync(join(base, 'tree'));
  if (entries) mkdirSync(join(git, 'worktrees'));
  for (const [name, text] of Object.entries(entries ?? {})) {
    mkdirSync(join(git, 'worktrees', name));
    if (text !== null) writeFileSync(join(git, 'worktrees', name, 'gitdir'), text);
  }
  if (dotGit !== undefined) writeFileSync(join(base, 'tree', '.git'), dotGit.replaceAll('GIT', git));
  const anchor = anchorByDescriptor();
  onTestFinished(() => anchor.release());
  const find = (by: Anchor = anchor, withTree = true) => {
    const worktree = withTree ? anchor.open(join(base, 'tree')) : undefined;
    const found = findAdmin(by, { git: anchor.open(git), spellings, worktree, isVacant });
    return found && [found.name, found.mutual];
  };
  return { git, find, anchor };
}

const claim = '/trees/a1/.git\n';
const failing = (anchor: Anchor, code: string): Anchor => ({
  ...anchor,
  enter() {
    throw Object.assign(new Error('no'), { code });
  },
});

describe('git’s entry of a worktree', () => {
  it('is found by its name and its claim, and is mutual if the worktree names it too', () => {
    const entries = { a1: claim, other: '/trees/other/.git\n' };
    expect(layOut({ entries }).find()).toEqual(['a1', false]);
    expect(layOut({ entries, dotGit: 'gitdir: GIT/worktrees/a1\n' }).find()).toEqual(['a1', true]);
    expect(layOut({ entries }).find(undefined, false)).toEqual(['a1', false]);
  });

  it('may claim the worktree by any of its spellings, also by a path from the entry itself', () => {
    const spellings = ['/real/a1', '/trees/a1'];
    expect(layOut({ entries: { a1: claim }, spellings }).find()).toEqual(['a1', false]);
    const relative = layOut({ entries: { a1: '../../../a1/.git\n' } });
    const at = [join(relative.git, '..', 'a1')];
    const git = relative.anchor.open(relative.git);
    const query = { git, spellings: at, worktree: undefined, isVacant: () => false };
    expect(findAdmin(relative.anchor, query)?.name).toBe('a1');
  });

  it('is found under a name with a counter, past a gap, where the plain one was taken', () => {
    const taken = { a1: '/elsewhere/a1/.git\n', a11: '/somewhere/a1/.git\n' };
    expect(layOut({ entries: { ...taken, a12: claim } }).find()).toEqual(['a12', false]);
    expect(layOut({ entries: { ...taken, a190: claim } }).find()).toEqual(['a190', false]);
    expect(
      layOut({ entries: { ...taken, a1150: '/b/a1/.git\n', a150: '/c/a1/.git\n', a1149: claim } }).find(),
    ).toEqual(['a1149', false]);
  });

  it('is not searched for without end', () => {
    expect(layOut({ entries: { a1: '/b/a1/.git\n', a1300: claim } }).find()).toBeUndefined();
  });

  it('is not a neighbour’s that claims this worktree', () => {
    expect(layOut({ entries: { victim: claim } }).find()).toBeUndefined();
    expect(
      layOut({ entries: { victim: claim }, dotGit: 'gitdir: GIT/worktrees/victim\n' }).find(),
    ).toBeUndefined();
  });

  it.each([
    'gitdir: /somewhere/worktrees/a1\n',
    'gitdir: GIT/elsewhere/a1\n',
    'GIT/worktrees/a1\n',
    'gitdir:GIT/worktrees/a1\n',
    'notdir: GIT/worktrees/a1\n',
    'gitdir: GIT/worktrees/a1/deeper\n',
    '',
  ])('is not mutual with a worktree whose .git file says %j', dotGit => {
    expect(layOut({ entries: { a1: claim }, dotGit }).find()).toEqual(['a1', false]);
  });

  it('is mutual also with trailing newlines', () => {
    const dotGit = 'gitdir: GIT/worktrees/a1\n\n';
    expect(layOut({ entries: { a1: `${claim}\n` }, dotGit }).find()).toEqual(['a1', true]);
  });

  it('may be named by a path from the worktree, and have a newline in its name', () => {
    const { git, anchor } = layOut({ entries: {} });
    const [entry, tree] = [join(git, 'worktrees', 'a-1'), join(git, '..', 'a\n1')];
    for (const directory of [entry, tree]) mkdirSync(directory);
    writeFileSync(join(entry, 'gitdir'), `${tree}/.git\n`);
    writeFileSync(join(tree, '.git'), 'gitdir: ../git/worktrees/a-1\n');
    const query = {
      git: anchor.open(git),
      spellings: [tree],
      worktree: anchor.open(tree),
      isVacant: () => false,
    };
    expect(findAdmin(anchor, query)).toMatchObject({ name: 'a-1', mutual: true });
  });

  it('is the one that the worktree names where several claim it', () => {
    const entries = { a1: claim, a12: claim };
    expect(layOut({ entries, dotGit: 'gitdir: GIT/worktrees/a12\n' }).find()).toEqual(['a12', true]);
    expect(layOut({ entries }).find()).toEqual(['a1', false]);
  });

  it('that claims another path is this worktree’s only if nothing stands there, and never mutual', () => {
    const layout = { entries: { a1: '/moved/a1/.git\n' }, dotGit: 'gitdir: GIT/worktrees/a1\n' };
    expect(layOut(layout).find()).toBeUndefined();
    const asked: string[] = [];
    const isVacant = (path: string) => asked.push(path) > 0;
    expect(layOut({ ...layout, isVacant }).find()).toEqual(['a1', false]);
    expect(asked).toEqual(['/moved/a1']);
  });

  it.each([null, 'nonsense\n', '/trees/a1\n'])(
    'that claims nothing (%j) is taken if the worktree names it',
    text => {
      expect(layOut({ entries: { a1: text }, dotGit: 'gitdir: GIT/worktrees/a1\n' }).find()).toEqual([
        'a1',
        false,
      ]);
      expect(layOut({ entries: { a1: text } }).find()).toBeUndefined();
    },
  );

  it('is absent where the repository has no worktrees, or the named one is gone', () => {
    expect(layOut({}).find()).toBeUndefined();
    expect(layOut({ entries: {}, dotGit: 'gitdir: GIT/worktrees/a1\n' }).find()).toBeUndefined();
  });

  it('is never reached through a link', () => {
    const { git, find } = layOut({ entries: { victim: claim } });
    symlinkSync('victim', join(git, 'worktrees', 'a1'));
    expect(find()).toBeUndefined();
  });

  it.each(['ENOENT', 'ELOOP', 'ENOTDIR', 'EACCES'])('is taken for absent behind %s', code => {
    const { find, anchor } = layOut({ entries: { a1: claim } });
    expect(find(failing(anchor, code))).toBeUndefined();
  });

  it('does not hide any other error', () => {
    const { find, anchor } = layOut({ entries: { a1: claim } });
    expect(() => find(failing(anchor, 'EIO'))).toThrow('no');
  });
});
