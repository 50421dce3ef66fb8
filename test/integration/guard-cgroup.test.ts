import { expect, test } from 'vitest';
import { isFounder } from '../../lib/adapters/cgroup/founder.js';
import { guardOf } from '../../lib/adapters/cgroup/guard.js';
import { parseMemberships } from '../../lib/adapters/cgroup/membership.js';
import type { CgroupMount } from '../../lib/adapters/cgroup/mountinfo.js';
import type { Proc } from '../../lib/adapters/cgroup/proc.js';

const unified: CgroupMount = { version: 2, controllers: [], root: '/', point: '/sys/fs/cgroup' };
const freezer: CgroupMount = { ...unified, version: 1, controllers: ['freezer'] };

/** A process table in which we are PID 10. */
const tableOf = (cgroups: Readonly<Record<number, string>>, self: number | undefined = 10): Proc => ({
  self,
  startTimeOf: () => 1,
  parentOf: () => 1,
  isZombie: () => false,
  membershipsOf: pid => {
    const text = cgroups[pid];
    return text === undefined ? undefined : parseMemberships(text);
  },
  untouchable: () => [],
});

test.each<[string, boolean]>([
  ['/system.slice/killswitch.service', true],
  ['/system.slice', true],
  ['/', true],
  ['/system.slice/killswitch.service/agent', false],
  ['/system.slice/killswitch', false],
  ['/docker/a', false],
])('A cgroup at %s holds this service: %s', (path, holds) => {
  const guard = guardOf(tableOf({ 10: '0::/system.slice/killswitch.service' }), []);
  expect(guard(unified, path)).toBe(holds);
});

test('What started this service is guarded like the service itself', () => {
  const proc = tableOf({ 10: '0::/a/service', 7: '0::/b/login' });
  expect(guardOf(proc, [7])(unified, '/b')).toBe(true);
  expect(guardOf(proc, [])(unified, '/b')).toBe(false);
});

test('One that has ended meanwhile guards nothing, and takes nothing from the others', () => {
  const guard = guardOf(tableOf({ 10: '0::/a' }), [7]);
  expect([guard(unified, '/a'), guard(unified, '/b')]).toEqual([true, false]);
});

test('Everything is guarded where this service cannot find itself', () => {
  for (const proc of [{ ...tableOf({}), self: undefined }, tableOf({ 7: '0::/a' })]) {
    expect(guardOf(proc, [7])(unified, '/docker/a')).toBe(true);
  }
});

test('A hierarchy in which this service is nowhere holds nothing of it', () => {
  const guard = guardOf(tableOf({ 10: '0::/a' }), []);
  expect(guard(freezer, '/')).toBe(false);
  expect(guard(unified, '/')).toBe(true);
});

test.each<[string, number, Readonly<Record<number, readonly [started: number, parent: number]>>, boolean]>([
  ['a child that was born in the same clock tick', 50, { 50: [7, 1], 51: [7, 50] }, true],
  ['a child of a later tick whose PID is lower', 50, { 50: [7, 1], 9: [8, 50] }, true],
  ['a child of the same tick, when the PIDs have begun again', 50, { 50: [7, 1], 9: [7, 50] }, true],
  [
    'a grandchild of the same tick, when they have begun again',
    50,
    { 50: [7, 1], 9: [7, 50], 8: [7, 9] },
    true,
  ],
  ['a stranger of the same tick whose PID is lower', 50, { 50: [7, 1], 9: [7, 1] }, false],
  ['a stranger that somebody started who is not there any more', 50, { 50: [7, 1], 9: [7, 40] }, false],
  ['a stranger that was there before', 50, { 50: [7, 1], 51: [6, 1] }, false],
  ['a parent that was there before', 50, { 50: [7, 40], 40: [7, 1] }, false],
])('A process founded its cgroup or not, where there is %s', (_, pid, processes, isSo) => {
  const proc = {
    ...tableOf({}),
    startTimeOf: (one: number) => processes[one]?.[0],
    parentOf: (one: number) => processes[one]?.[1],
  };
  expect(isFounder(proc, pid, Object.keys(processes).map(Number), () => false)).toBe(isSo);
});
