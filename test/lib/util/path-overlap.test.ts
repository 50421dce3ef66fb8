import { describe, expect, it } from 'vitest';
import { createPathOverlaps, normalized } from '../../../lib/util/path-overlap.js';

describe('the one spelling of a path', () => {
  it.each<[string, string | undefined]>([
    ['/srv/trees/a', '/srv/trees/a'],
    ['/srv//trees/./a/', '/srv/trees/a'],
    ['/srv/trees/b/../a', '/srv/trees/a'],
    ['/../srv', '/srv'],
    ['/', '/'],
    ['//', '/'],
    ['srv', undefined],
    ['', undefined],
  ])('of %j is %j', (path, spelling) => {
    expect(normalized(path)).toBe(spelling);
  });
});

describe('who asks for a path', () => {
  const overlaps = createPathOverlaps<string>();
  overlaps.add({ root: '/srv/trees', path: '/srv/trees/team/a' }, 'a');
  overlaps.add({ root: '/srv/trees', path: '/srv/trees/team/a' }, 'again');
  overlaps.add({ root: '/srv/trees', path: '/srv/trees/team/b' }, 'b');
  overlaps.add({ root: '', path: '/top/c' }, 'c');

  it.each<[string, string[]]>([
    ['/srv/trees/team/a', ['a', 'again']],
    ['/srv/trees/team/a/deep/down', ['a', 'again']],
    ['/srv/trees/team', ['a', 'again', 'b']],
    ['/srv/trees/team/ab', []],
    ['/srv/trees', []],
    ['/srv', []],
    ['/', []],
    ['', []],
    ['/top', ['c']],
    ['/top/c/d', ['c']],
  ])('for %j is %j', (path, who) => {
    expect([...overlaps.of(path)].sort()).toEqual(who);
  });
});
