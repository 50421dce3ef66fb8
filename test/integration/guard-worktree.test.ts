import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Admin } from '../../lib/adapters/worktree/admin.js';
import { anchorByDescriptor, type Directory } from '../../lib/adapters/worktree/directory.js';
import { guardRepository, guardWorktree } from '../../lib/adapters/worktree/guard.js';
import { componentsOf, isWithin, locate, type Root } from '../../lib/adapters/worktree/place.js';
import {
  errno,
  inWords,
  isDisguised,
  isForbidden,
  isGone,
  Verdict,
} from '../../lib/adapters/worktree/verdict.js';
import { temporaryDirectory } from '../services/agents.js';

describe('the text of a path', () => {
  it.each<[string, string[] | undefined]>([
    ['/', []],
    ['/a', ['a']],
    ['/a/b c/\n', ['a', 'b c', '\n']],
    ['/...', ['...']],
    ['/.git', ['.git']],
    ['', undefined],
    ['a', undefined],
    ['a/b', undefined],
    ['//', undefined],
    ['/a/', undefined],
    ['/a//b', undefined],
    ['/./a', undefined],
    ['/a/..', undefined],
    ['/a\0b', undefined],
    ['/a\ud800', undefined],
  ])('%j has the components %j', (path, names) => {
    expect(componentsOf(path)).toEqual(names);
  });

  it('is as long as a path and a name may be, and no longer', () => {
    const [name, path] = ['n'.repeat(255), `/${'n/'.repeat(2_046)}nn`];
    expect(componentsOf(`/${name}`)).toEqual([name]);
    expect(componentsOf(`/${name}n`)).toBeUndefined();
    expect(componentsOf(`/${'ü'.repeat(128)}`)).toBeUndefined();
    expect([path.length, componentsOf(path)?.length]).toEqual([4_095, 2_047]);
    expect(componentsOf(`${path}n`)).toBeUndefined();
  });

  it.each<[string, string, boolean]>([
    ['/a', '/a', true],
    ['/a/b', '/a', true],
    ['/a', '/', true],
    ['/ab', '/a', false],
    ['/a', '/a/b', false],
  ])('%s is within %s: %s', (path, directory, within) => {
    expect(isWithin(path, directory)).toBe(within);
  });
});

describe('where a worktree is recorded to be', () => {
  const roots: Root[] = [
    { configured: '/srv/link', real: '/mnt/trees' },
    { configured: '/srv/link/team', real: '/mnt/team' },
    { configured: '/later' },
  ];

  it('is found below its root, in both spellings, the real one first', () => {
    const place = {
      root: '/mnt/trees',
      names: ['x', 'a1'],
      spellings: ['/mnt/trees/x/a1', '/srv/link/x/a1'],
    };
    expect(locate('/srv/link/x/a1', roots)).toEqual(place);
    expect(locate('/mnt/trees/x/a1', roots)).toEqual(place);
  });

  it('is found below the innermost of several roots, in whatever order they stand', () => {
    for (const some of [roots, roots.toReversed()]) {
      expect(locate('/srv/link/team/a1', some)).toMatchObject({ root: '/mnt/team', names: ['a1'] });
    }
  });

  it('has one spelling where the root is no link', () => {
    const plain = [{ configured: '/srv', real: '/srv' }];
    expect(locate('/srv/a1', plain)).toEqual({ root: '/srv', names: ['a1'], spellings: ['/srv/a1'] });
    expect(locate('/a1', [{ configured: '/', real: '/' }])).toEqual({
      root: '/',
      names: ['a1'],
      spellings: ['/a1'],
    });
  });

  it.each<[string, string]>([
    ['srv/link/a1', 'the worktree path is not absolute and normalized'],
    ['/srv/link/../etc', 'the worktree path is not absolute and normalized'],
    ['/srv/link', 'the worktree path is an allowed root or contains one'],
    ['/srv', 'the worktree path is an allowed root or contains one'],
    ['/mnt/team', 'the worktree path is an allowed root or contains one'],
    ['/', 'the worktree path is an allowed root or contains one'],
    ['/srv/other/a1', 'the worktree path lies outside the allowed roots'],
    ['/srv/linked/a1', 'the worktree path lies outside the allowed roots'],
    ['/srv/link/.git/a1', 'the worktree path lies inside a quarantine or a git directory'],
    ['/srv/link/a1/.GIT', 'the worktree path lies inside a quarantine or a git directory'],
    ['/srv/link/.killswitch-quarantine/a1', 'the worktree path lies inside a quarantine or a git directory'],
  ])('is refused at %s', (path, detail) => {
    expect(() => locate(path, roots)).toThrow(
      expect.objectContaining({ outcome: 'refused', message: detail }),
    );
  });

  it('is refused everywhere where no root is allowed', () => {
    expect(() => locate('/srv/a1', [])).toThrow(expect.objectContaining({ outcome: 'refused' }));
  });

  it('is tried again while its root is not there', () => {
    const detail = 'the allowed root of this worktree does not exist';
    expect(() => locate('/later/a1', roots)).toThrow(
      expect.objectContaining({ outcome: 'failed', message: detail }),
    );
  });
});

describe('the repository', () => {
  const place = { root: '/mnt', names: ['a1'], spellings: ['/mnt/a1', '/srv/a1'] };

  it.each<[string, boolean]>([
    ['/mnt/a1', true],
    ['/srv/a1', true],
    ['/srv/a1/nested/main', true],
    ['/mnt', false],
    ['/mnt/a10', false],
  ])('at %s is the recorded worktree or in it: %s', (repository, inside) => {
    const guard = () => guardRepository(['/elsewhere', repository], place);
    if (!inside) expect(guard).not.toThrow();
    else
      expect(guard).toThrow(
        expect.objectContaining({
          outcome: 'refused',
          message: 'the worktree path is the repository itself or contains it',
        }),
      );
  });
});

describe('what stands where a worktree is recorded', () => {
  function layOut(dotGit?: 'file' | 'directory' | 'link', bornAt = 5n) {
    const path = temporaryDirectory();
    if (dotGit === 'file') writeFileSync(join(path, '.git'), 'gitdir: /r/.git/worktrees/a1\n');
    if (dotGit === 'directory') mkdirSync(join(path, '.git'));
    if (dotGit === 'link') symlinkSync('/etc/hostname', join(path, '.git'));
    const anchor = anchorByDescriptor();
    onTestFinished(() => anchor.release());
    const found = anchor.open(path);
    return { ...found, stat: { ...found.stat, birthtimeNs: bornAt } as Directory['stat'] };
  }
  const entry = (mutual: boolean, bornAt = 5n): Admin => {
    const directory = layOut(undefined, bornAt);
    return { worktrees: directory, name: 'a1', directory, mutual };
  };
  const nothing = 'nothing shows that this directory is a linked worktree';

  it('is a linked worktree if git’s file is in it', () => {
    expect(() => guardWorktree({ worktree: layOut('file'), nested: false, admin: undefined })).not.toThrow();
  });

  it.each<['file' | 'directory' | 'link' | undefined, boolean, string]>([
    ['file', true, nothing],
    ['link', false, nothing],
    [undefined, false, nothing],
    ['directory', false, 'this is the main worktree of a repository'],
  ])('is refused with a .git that is a %s, inside another tree: %s', (dotGit, nested, message) => {
    expect(() => guardWorktree({ worktree: layOut(dotGit), nested, admin: undefined })).toThrow(
      expect.objectContaining({ outcome: 'refused', message }),
    );
  });

  it('is believed of an entry that it names back, however old', () => {
    const admin = entry(true, 9n);
    expect(() => guardWorktree({ worktree: layOut('file'), nested: true, admin })).not.toThrow();
  });

  it.each<[string, bigint, bigint, boolean]>([
    ['younger', 5n, 6n, true],
    ['as old', 5n, 5n, true],
    ['older', 5n, 4n, false],
    ['of an age that nobody knows', 0n, 5n, false],
  ])(
    'is believed of an entry alone only if it is not older than that: %s',
    (_, entryBorn, treeBorn, believed) => {
      const guard = () =>
        guardWorktree({
          worktree: layOut(undefined, treeBorn),
          nested: false,
          admin: entry(false, entryBorn),
        });
      if (believed) expect(guard).not.toThrow();
      else expect(guard).toThrow(nothing);
    },
  );
});

describe('an error of the system', () => {
  const failing = (code: unknown) => Object.assign(new Error('EIO: /a/secret/path'), { code });

  it.each<[string, boolean, boolean, boolean]>([
    ['ENOENT', true, false, false],
    ['ENOTDIR', false, true, false],
    ['ELOOP', false, true, false],
    ['EACCES', false, false, true],
    ['EPERM', false, false, true],
    ['EROFS', false, false, true],
    ['EBUSY', false, false, false],
  ])('%s is looked through', (code, gone, disguised, forbidden) => {
    const error = failing(code);
    expect([isGone(error), isDisguised(error), isForbidden(error)]).toEqual([gone, disguised, forbidden]);
  });

  it('has no name where it has none that is a text', () => {
    for (const error of [failing(5), new Error('EIO'), { code: 'ENOENT' }, undefined])
      expect(errno(error)).toBe('');
  });

  it.each([
    ['EACCES', 'this process may not move the worktree'],
    ['EPERM', 'this process may not move the worktree'],
    ['EROFS', 'the filesystem is read-only'],
    ['EBUSY', 'the worktree is a mount point: unmount it'],
    ['EXDEV', 'the worktree lies on another filesystem than its parent directory: unmount it'],
    ['ENOSPC', 'the filesystem is full'],
    ['EDQUOT', 'the disk quota is used up'],
    ['EMFILE', 'too many open files'],
    ['ENFILE', 'too many open files'],
    ['EIO', 'clearing the worktree failed'],
  ])('%s is told as a sentence, without a path', (code, sentence) => {
    expect(inWords(failing(code))).toBe(sentence);
  });

  it('is kept as the cause of a verdict', () => {
    const cause = failing('EIO');
    expect(new Verdict('failed', 'no', { cause })).toMatchObject({
      name: 'Verdict',
      outcome: 'failed',
      cause,
    });
  });
});
