import { expect, test } from 'vitest';
import { parseMemberships } from '../../lib/adapters/cgroup/membership.js';
import { parseMountinfo } from '../../lib/adapters/cgroup/mountinfo.js';
import { below, contains } from '../../lib/adapters/cgroup/paths.js';

test('reads the mounts of cgroups at or below a directory, the preferred ones first', () => {
  const text = [
    '31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755',
    '39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids',
    '37 31 0:34 /docker/a\\040b /sys/fs/cgroup/fre\\134ezer rw master:3 propagate_from:2 - cgroup cgroup rw,freezer',
    '41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 none rw,nsdelegate',
    '42 31 0:38 / /srv/cgroup rw,relatime - cgroup2 none rw',
    '43 31 0:38 / /sys/fs/cgroupish rw,relatime - cgroup2 none rw',
    'nonsense',
    '',
  ].join('\n');
  expect(parseMountinfo(text, '/sys/fs/cgroup')).toEqual([
    { version: 2, controllers: [], root: '/', point: '/sys/fs/cgroup/unified' },
    { version: 1, controllers: ['rw', 'freezer'], root: '/docker/a b', point: '/sys/fs/cgroup/fre\\ezer' },
    { version: 1, controllers: ['rw', 'pids'], root: '/', point: '/sys/fs/cgroup/pids' },
  ]);
  expect(parseMountinfo(text, '/')).toHaveLength(5);
});

test('reads the cgroups of a process', () => {
  const text = '13:name=systemd:/a\n4:cpu,cpuacct:/a:b c\n0::/../d\nnonsense\n';
  expect(parseMemberships(text)).toEqual([
    { controllers: ['name=systemd'], path: '/a' },
    { controllers: ['cpu', 'cpuacct'], path: '/a:b c' },
    { controllers: [], path: '/../d' },
  ]);
});

test.each([
  ['/', '/', true],
  ['/', '/a', true],
  ['/a', '/a', true],
  ['/a', '/a/b', true],
  ['/a', '/ab', false],
  ['/a/b', '/a', false],
  ['/..', '/', true],
  ['/..', '/a', true],
  ['/..', '/../a', true],
  ['/', '/..', false],
  ['/', '/../a', false],
  ['/../a', '/', false],
  ['/../a', '/../a/b', true],
  ['/../a', '/../../a', false],
  ['/../..', '/../a', true],
])('knows whether the cgroup %s contains %s: %s', (outer, inner, expected) => {
  expect(contains(outer, inner)).toBe(expected);
});

test.each([
  ['/', '/', []],
  ['/', '/a/b', ['a', 'b']],
  ['/a', '/a/b', ['b']],
  ['/a', '/b', undefined],
  ['/..', '/../b', ['b']],
  ['/..', '/b', undefined],
  ['/', '/../b', undefined],
])('knows where below the mounted cgroup %s the cgroup %s lies', (root, path, expected) => {
  expect(below(root, path)).toEqual(expected);
});
