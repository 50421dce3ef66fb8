import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { anchorByDescriptor } from '../../lib/adapters/worktree/directory.js';
import { readSmall } from '../../lib/adapters/worktree/files.js';
import { openLiveness } from '../../lib/adapters/worktree/liveness.js';
import { isPlausibleName } from '../../lib/adapters/worktree/names.js';
import { openProbe } from '../../lib/adapters/worktree/probe.js';
import { move } from '../../lib/adapters/worktree/quarantine.js';
import { temporaryDirectory } from '../services/agents.js';

describe('a filesystem that does not answer', () => {
  const clock = { monotonic: () => performance.now() };
  /** Places that answer when a line is written into them. */
  function open(patienceMs: number) {
    const directory = temporaryDirectory();
    const probe = openProbe({ clock, patienceMs, command: ['sh', '-c', 'read line <"$1"', 'sh'] });
    onTestFinished(() => probe.close());
    const point = (name: string): string => {
      const path = join(directory, name);
      execFileSync('mkfifo', [path]);
      return path;
    };
    return { probe, point };
  }

  it('is given up on when the patience or the deadline ends', async () => {
    const { probe, point } = open(1);
    expect(await probe.ask(point('1'), 0)).toBe(false);
    const patient = open(60_000);
    const deadline = new AbortController();
    const answer = patient.probe.ask(patient.point('1'), 0, deadline.signal);
    deadline.abort();
    expect(await answer).toBe(false);
    expect(await patient.probe.ask('/', 0, deadline.signal)).toBe(false);
  });

  it('keeps no other waiting, however many hang, and is asked by one child alone', async () => {
    const { probe, point } = open(500);
    const hung = Array.from({ length: 8 }, (_, at) => point(`${at}`));
    expect(await Promise.all(hung.map(each => probe.ask(each, 0)))).toEqual(hung.map(() => false));
    // At once by now.
    expect(await Promise.all(hung.map(each => probe.ask(each, 0)))).toEqual(hung.map(() => false));
    const alive = point('alive');
    const answer = probe.ask(alive, 0);
    writeFileSync(alive, '\n');
    expect(await answer).toBe(true);
    expect(probe.answered(alive, 60_000)).toBe(true);
    expect(probe.answered(hung[0] ?? '', 60_000)).toBe(false);
  });

  it('is asked anew when it has come back', async () => {
    const { probe, point } = open(1);
    const path = point('1');
    expect(await probe.ask(path, 0)).toBe(false);
    writeFileSync(path, '\n');
    await expect.poll(() => probe.answered(path, 60_000)).toBe(true);
    expect(await probe.ask(path, 60_000)).toBe(true);
  });

  it('is not taken for dead because this process was busy', async () => {
    const busy = new Int32Array(new SharedArrayBuffer(4));
    const answer = openProbe({ clock, patienceMs: 1, command: ['true'] }).ask('/', 0);
    Atomics.wait(busy, 0, 0, 500);
    expect(await answer).toBe(true);
  });

  it('answers also when it says that nothing is there, and not where nothing can be sent to ask', async () => {
    expect(await openProbe({ clock }).ask('/nonexistent/path', 0)).toBe(true);
    expect(await openProbe({ clock, command: ['/nonexistent/program'] }).ask('/', 0)).toBe(false);
  });
});

describe('a real path', () => {
  const clock = { monotonic: () => performance.now() };
  const mount = (point: string, type: string) => ({ device: '0:1', root: '/', point, type });

  /** Filesystems, of which those that are named do not answer. */
  function open(mounts: readonly [string, string][], dead: readonly string[] = []) {
    const asked: string[] = [];
    const liveness = openLiveness({
      clock,
      table: () => [mount('/', 'ext4'), ...mounts.map(([point, type]) => mount(point, type))],
      probe: {
        ask: async point => {
          asked.push(point);
          return !dead.includes(point);
        },
        answered: point => !dead.includes(point),
        close: () => undefined,
      },
    });
    return { liveness, asked };
  }

  it('is what realpath(3) says, through links', async () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'a', 'b'), { recursive: true });
    symlinkSync('a/./b/..', join(directory, 'relative'));
    symlinkSync(join(directory, 'relative'), join(directory, 'absolute'));
    symlinkSync('loop', join(directory, 'loop'));
    const { liveness, asked } = open([]);
    expect(await liveness.realpath(join(directory, 'absolute', 'b'))).toBe(join(directory, 'a', 'b'));
    for (const none of ['loop', 'none', 'a/\0'])
      expect(await liveness.realpath(`${directory}/${none}`)).toBeUndefined();
    expect(await liveness.realpath('a')).toBeUndefined();
    expect(asked).toEqual([]);
  });

  it('is not looked for on a filesystem that does not answer, also where a link leads there', async () => {
    const directory = temporaryDirectory();
    const [dead, link] = [join(directory, 'dead'), join(directory, 'link')];
    mkdirSync(join(dead, 'x'), { recursive: true });
    symlinkSync(dead, link);
    const { liveness, asked } = open([[dead, 'nfs4']], [dead]);
    for (const path of [join(dead, 'x'), join(link, 'x')])
      await expect(liveness.realpath(path)).rejects.toThrow('the file system does not answer');
    expect(asked).toEqual([dead, dead]);
    expect(await liveness.realpath(directory)).toBe(directory);
    expect([liveness.answered(join(dead, 'x'), 1), liveness.answered(directory, 1)]).toEqual([false, true]);
    expect([await liveness.answers(dead), await liveness.answers(`${dead}-other`)]).toEqual([false, true]);
  });

  it('asks the upper filesystem before one that is mounted in it, and a local one never', async () => {
    const { liveness, asked } = open([
      ['/mnt/net/deep', 'fuse.sshfs'],
      ['/mnt/net', 'nfs'],
      ['/mnt/net/deep/local', 'ext4'],
    ]);
    expect(await liveness.answers('/mnt/net/deep/local/x')).toBe(true);
    expect(asked).toEqual(['/mnt/net', '/mnt/net/deep']);
  });
});

describe('moving', () => {
  it('puts back what was exchanged since it was examined', () => {
    const directory = temporaryDirectory();
    for (const name of ['tree', 'other', 'into']) mkdirSync(join(directory, name));
    const anchor = anchorByDescriptor();
    const from = anchor.open(directory);
    const examined = anchor.enter(from, 'other');
    const into = anchor.enter(from, 'into');
    const before = lstatSync(join(directory, 'tree')).ino;
    expect(() => move({ from, name: 'tree', examined, into, as: 'worktree' })).toThrow('exchanged');
    expect(lstatSync(join(directory, 'tree')).ino).toBe(before);
    anchor.release();
  });

  it('goes by the directory, not by the path that it had', () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'parent'));
    const anchor = anchorByDescriptor();
    const parent = anchor.enter(anchor.open(directory), 'parent');
    rmSync(join(directory, 'parent'), { recursive: true });
    mkdirSync(join(directory, 'parent', 'child'), { recursive: true });
    expect(() => anchor.enter(parent, 'child')).toThrow('ENOENT');
    anchor.release();
  });
});

describe('reading a small file', () => {
  it('takes a regular file of the size allowed and nothing else', () => {
    const directory = temporaryDirectory();
    const anchor = anchorByDescriptor();
    const opened = anchor.open(directory);
    writeFileSync(join(directory, 'file'), 'text');
    symlinkSync('file', join(directory, 'link'));
    expect(readSmall(opened, 'file')).toBe('text');
    expect(readSmall(opened, 'file', { limit: 3 })).toBeUndefined();
    for (const name of ['link', '.', 'none']) expect(readSmall(opened, name)).toBeUndefined();
    anchor.release();
  });
});

describe('the name of an entry', () => {
  it.each([
    ['a', 'a', true],
    ['a7', 'a', true],
    ['a10', 'a', true],
    ['victim', 'a', false],
    ['ab', 'a', false],
    ['a-1', 'a', false],
    ['A', 'a', false],
  ])('%s fits a worktree called %s: %s', (name, basename, fits) => {
    expect(isPlausibleName(name, basename)).toBe(fits);
  });
});
