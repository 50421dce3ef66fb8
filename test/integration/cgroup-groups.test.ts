import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createCgroups } from '../../lib/adapters/cgroup/index.js';
import { killOldUnified } from '../../lib/adapters/cgroup/legacy.js';
import { isUnifiedEmpty } from '../../lib/adapters/cgroup/unified.js';
import type { Kernel } from '../../lib/ports/kernel.js';
import { clearCgroup, freezer, makeCgroup, move, newId, pids, startIn, unified } from './cgroup.helper.js';
import { run } from './process.helper.js';

const nobody = (): boolean => false;

async function expectKilled(kernel: Kernel, key: string): Promise<void> {
  expect(kernel.kill([key])).toEqual([key]);
  await expect.poll(() => kernel.look(key), { interval: 1, timeout: 10_000 }).toBe('empty');
}

describe.each([...unified, ...freezer, ...pids])('cgroups at $point', ({ point, version, controllers }) => {
  const kernel = createCgroups({ root: point });
  const nest = (directory: string, name: string): string => {
    mkdirSync(join(directory, name));
    return join(directory, name);
  };

  test('die with all 11 processes', async () => {
    const group = makeCgroup(point);
    const tree = await startIn([group]);
    kernel.rememberOwn('a', tree.pid, nobody);
    expect(kernel.look('a')).toBe('populated');
    await expectKilled(kernel, 'a');
    expect(tree.isRunning()).toBe(false);
    // Gone altogether is as good as empty.
    rmdirSync(group);
    expect(kernel.look('a')).toBe('empty');
    expect(kernel.kill(['a'])).toEqual(['a']);
  });

  test('die with those below them', async () => {
    const group = makeCgroup(point);
    const tree = await startIn([group], 3);
    const [one, two] = tree.members;
    const child = nest(group, 'child');
    move(one ?? 0, child);
    move(two ?? 0, nest(child, 'grandchild'));
    expect(kernel.rememberOwn('b', tree.pid, nobody)).toBe(true);
    await expectKilled(kernel, 'b');
    expect(tree.isRunning()).toBe(false);
  });

  test('are still populated when all that lives is further below', async () => {
    const group = makeCgroup(point);
    const tree = await startIn([group], 1);
    kernel.rememberOwn('c', tree.pid, nobody);
    move(tree.members[0] ?? 0, nest(group, 'child'));
    process.kill(tree.pid, 'SIGKILL');
    await expect.poll(() => kernel.look('c')).toBe('populated');
    await expectKilled(kernel, 'c');
  });

  test('are known as a whole by the ID in their name, whichever process of theirs was seen', async () => {
    const id = newId();
    const group = makeCgroup(point, `docker-${id}.scope`);
    const tree = await startIn([group], 2);
    const child = nest(group, 'child');
    for (const pid of tree.members) move(pid, child);
    kernel.remember(id, tree.members[1] ?? 0);
    await expectKilled(kernel, id);
    expect(tree.isRunning()).toBe(false);
  });

  test('are not known by any other name to a process that did not found them', async () => {
    const [id, other] = [newId(), newId()];
    const tree = await startIn([makeCgroup(point, id)], 1);
    kernel.remember(other, tree.members[0] ?? 0);
    expect(kernel.look(other)).toBe('unknown');
  });

  test('are left alone once another one has taken the name of a cgroup that was founded', async () => {
    const group = makeCgroup(point);
    const tree = await startIn([group], 1);
    expect(kernel.rememberOwn('d', tree.pid, nobody)).toBe(true);
    await clearCgroup(group);
    mkdirSync(group);
    const newcomer = await startIn([group], 1);
    expect(kernel.look('d')).toBe('empty');
    expect(kernel.kill(['d'])).toEqual(['d']);
    expect(newcomer.isRunning()).toBe(true);
  });

  test('are remembered up to a number, the latest ones', async () => {
    const small = createCgroups({ root: point, capacity: 2 });
    const tree = await startIn([makeCgroup(point)], 0);
    for (const key of ['1', '2', '1', '3']) small.rememberOwn(key, tree.pid, nobody);
    expect(['1', '2', '3'].map(key => small.look(key))).toEqual(['populated', 'unknown', 'populated']);
  });

  const files = version === 2 ? [['cgroup.freeze', '1']] : [['freezer.state', 'FROZEN']];
  const freezers = version === 2 || controllers.includes('freezer') ? files : [];
  for (const [file = '', frozen = ''] of freezers) {
    test.each([['.'], ['child']])('die when %s was frozen by someone else', async frozenPart => {
      const group = makeCgroup(point);
      const tree = await startIn([group], 2);
      move(tree.members[0] ?? 0, nest(group, 'child'));
      kernel.rememberOwn('e', tree.pid, nobody);
      writeFileSync(join(group, frozenPart, file), frozen, { flag: 'r+' });
      await expectKilled(kernel, 'e');
    });
  }
});

for (const { point } of unified) {
  test('a cgroup whose processes keep forking dies one by one, as before Linux 5.14', async () => {
    const group = makeCgroup(point);
    const tree = await startIn([group], 3);
    mkdirSync(join(group, 'child'));
    move(tree.members[0] ?? 0, join(group, 'child'));
    const forker = `echo $$ >${group}/cgroup.procs; echo ready; while :; do sleep 0.01 & sleep 0.01 & wait; done`;
    await run(forker, { with: ['bash', '-c'], says: ['ready'] });
    expect(killOldUnified(group)).toBe(true);
    await expect.poll(() => isUnifiedEmpty(group), { interval: 1, timeout: 10_000 }).toBe(true);
    expect(readFileSync(join(group, 'cgroup.freeze'), 'utf8')).toBe('0\n');
    expect(tree.isRunning()).toBe(false);
  });

  test('a threaded cgroup dies with the one above it', async () => {
    const kernel = createCgroups({ root: point });
    const group = makeCgroup(point);
    const tree = await startIn([group], 2);
    const threaded = join(group, 'threads');
    mkdirSync(threaded);
    writeFileSync(join(threaded, 'cgroup.type'), 'threaded', { flag: 'r+' });
    writeFileSync(join(threaded, 'cgroup.threads'), String(tree.members[0]), { flag: 'r+' });
    expect(kernel.rememberOwn('f', tree.pid, nobody)).toBe(true);
    await expectKilled(kernel, 'f');
    expect(tree.isRunning()).toBe(false);
  });
}

for (const [modern, old] of unified.flatMap(one => freezer.map(other => [one, other] as const))) {
  describe('on a hybrid machine', () => {
    const kernel = createCgroups();

    test('kills who has left version 2, and who has left version 1', async () => {
      const [group, legacy] = [makeCgroup(modern.point), makeCgroup(old.point)];
      const tree = await startIn([group, legacy], 3);
      kernel.rememberOwn('g', tree.pid, nobody);
      expect((await kernel.probe()).detail).toBe('hybrid: cgroup v2 and cgroup v1 freezer, driver cgroupfs');
      move(tree.members[0] ?? 0, modern.point);
      move(tree.members[1] ?? 0, old.point);
      await expectKilled(kernel, 'g');
      expect(tree.isRunning()).toBe(false);
    });

    test('kills what is frozen in version 1, where Docker freezes what it pauses', async () => {
      const [group, legacy] = [makeCgroup(modern.point), makeCgroup(old.point)];
      const tree = await startIn([group, legacy], 3);
      kernel.rememberOwn('h', tree.pid, nobody);
      writeFileSync(join(legacy, 'freezer.state'), 'FROZEN', { flag: 'r+' });
      await expectKilled(kernel, 'h');
      expect(tree.isRunning()).toBe(false);
    });

    test('goes by version 1 when version 2 refuses, as it does for a threaded cgroup', async () => {
      const [outer, legacy] = [makeCgroup(modern.point), makeCgroup(old.point)];
      const group = makeCgroup(outer);
      const tree = await startIn([group, legacy], 3);
      kernel.rememberOwn('j', tree.pid, nobody);
      for (const pid of [tree.pid, ...tree.members]) move(pid, outer);
      writeFileSync(join(group, 'cgroup.type'), 'threaded', { flag: 'r+' });
      for (const pid of [tree.pid, ...tree.members])
        writeFileSync(join(group, 'cgroup.threads'), String(pid), { flag: 'r+' });
      await expectKilled(kernel, 'j');
      expect(tree.isRunning()).toBe(false);
    });

    test('uses the version in which the process has a cgroup of its own', async () => {
      const only = await startIn([makeCgroup(old.point)], 1);
      kernel.rememberOwn('i', only.pid, nobody);
      expect((await kernel.probe()).detail).toBe('hybrid: cgroup v1 freezer, driver cgroupfs');
      await expectKilled(kernel, 'i');
      expect(only.isRunning()).toBe(false);
    });
  });
}
