import { lstatSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { anchorByDescriptor } from '../../lib/adapters/worktree/directory.js';
import { readSmall } from '../../lib/adapters/worktree/files.js';
import { openLiveness } from '../../lib/adapters/worktree/liveness.js';
import { isPlausibleName } from '../../lib/adapters/worktree/names.js';
import { move } from '../../lib/adapters/worktree/quarantine.js';
import { temporaryDirectory } from '../services/agents.js';

describe('a filesystem that does not answer', () => {
  const never = () => new Promise<never>(() => {});

  it('is given up on when the patience or the deadline ends', async () => {
    expect(await openLiveness({ patienceMs: 1 })('/x', { look: never })).toBe(false);
    const deadline = new AbortController();
    const answer = openLiveness()('/x', { look: never, deadline: deadline.signal });
    deadline.abort();
    expect(await answer).toBe(false);
  });

  it('keeps no more than two threads, and none twice for one path', async () => {
    const waiting = new Map<string, () => void>();
    const look = (path: string) => new Promise<void>(resolve => void waiting.set(path, resolve));
    const answers = openLiveness({ patienceMs: 1 });
    expect(await answers('/1', { look })).toBe(false);
    waiting.delete('/1');
    expect(await answers('/1', { look })).toBe(false);
    expect(waiting.size).toBe(0);
    expect(await answers('/2', { look })).toBe(false);
    expect(await answers('/3', { look })).toBe(false);
    expect([...waiting.keys()]).toEqual(['/2']);
    waiting.get('/2')?.();
    await new Promise(setImmediate);
    expect(await answers('/3', { look: async () => undefined })).toBe(true);
  });

  it('is not taken for dead because this process was busy', async () => {
    const busy = new Int32Array(new SharedArrayBuffer(4));
    const answer = openLiveness({ patienceMs: 1 })('/');
    Atomics.wait(busy, 0, 0, 50);
    expect(await answer).toBe(true);
  });

  it('answers also when it says that nothing is there', async () => {
    expect(await openLiveness()('/nonexistent/path')).toBe(true);
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
