import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { createJournal } from '../../lib/adapters/state/journal/index.js';
import type { Journal } from '../../lib/ports/journal.js';
import { temporaryDirectory } from '../services/agents.js';

let directory: string;
let journal: Journal;
const at = (...names: string[]): string => join(directory, 'journal', ...names);
const unavailable = { code: 'store_unavailable' };

beforeEach(() => {
  directory = join(temporaryDirectory(), 'state', 'here');
  journal = createJournal({ directory });
});

describe('The files of the journal', () => {
  it('are for us alone, one an intent, and nothing else is left', async () => {
    await journal.append('a', '{}');
    await journal.append('a', '{}');
    await journal.append('b', '{}');
    expect(readdirSync(at()).sort()).toEqual(['a.json', 'b.json']);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(statSync(at()).mode & 0o777).toBe(0o700);
    expect(statSync(at('a.json')).mode & 0o777).toBe(0o600);
  });

  it('replace a link of that name, and do not write through it', async () => {
    const victim = join(temporaryDirectory(), 'victim');
    writeFileSync(victim, 'whole');
    await journal.append('a', '1');
    symlinkSync(victim, at('b.json'));
    await journal.append('b', '2');
    expect(readFileSync(victim, 'utf8')).toBe('whole');
    expect(await journal.read()).toHaveLength(2);
  });

  it.each<[string, (path: string) => void]>([
    ['a link', path => symlinkSync('/etc/passwd', path)],
    ['a pipe', path => execFileSync('mkfifo', [path])],
    ['a directory', path => mkdirSync(path)],
    ['no UTF-8', path => writeFileSync(path, Uint8Array.of(0x7b, 0xff))],
    ['endless', path => execFileSync('truncate', ['-s', '1T', path])],
  ])('are left out, and there, where one is %s; the probe tells', async (_, put) => {
    await journal.append('b', '{}');
    put(at('a.json'));
    expect(await journal.read()).toEqual([{ id: 'b', text: '{}' }]);
    expect(await journal.probe()).toMatchObject({
      ok: false,
      detail: expect.stringContaining('1 cannot be read'),
    });
    expect(readdirSync(at())).toContain('a.json');
  });

  it('that are not ours are neither read nor removed', async () => {
    await journal.append('a', '{}');
    const others = ['a b.json', 'notes.txt', '.hidden', '.json', 'a.json.bak', '.a.tmp.json'];
    for (const name of others) {
      writeFileSync(at(name), 'x');
      utimesSync(at(name), 0, 0);
    }
    expect(await journal.read()).toEqual([{ id: 'a', text: '{}' }]);
    expect(await journal.probe()).toMatchObject({ ok: true });
    expect(readdirSync(at()).sort()).toEqual(['a.json', ...others].sort());
  });

  it('that were never finished are ignored, and removed once they are old', async () => {
    await journal.append('a', '{}');
    writeFileSync(at('.0192f0c1.tmp'), '{"half":');
    writeFileSync(at('.0192f0c2.tmp'), '{"half":');
    utimesSync(at('.0192f0c2.tmp'), 0, 0);
    expect(await journal.read()).toEqual([{ id: 'a', text: '{}' }]);
    expect(readdirSync(at()).sort()).toEqual(['.0192f0c1.tmp', 'a.json']);
  });
});

describe('A journal that cannot be written', () => {
  it('says so because the disk is full, keeps what it has, and works again when there is room', async () => {
    mkdirSync(directory, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', directory]);
    onTestFinished(() => void execFileSync('umount', [directory]));
    await journal.append('a', '{}');
    await expect(journal.append('b', 'x'.repeat(100_000))).rejects.toMatchObject({
      ...unavailable,
      message: 'The journal cannot be written',
      cause: { code: 'ENOSPC' },
    });
    expect(readdirSync(at())).toEqual(['a.json']);
    expect(await journal.probe()).toMatchObject({ ok: true });

    const page = 4096;
    for (let n = 0; n < 64 * 1024; n += page) {
      try {
        writeFileSync(join(directory, `filler-${n}`), 'x'.repeat(page));
      } catch {
        break;
      }
    }
    await expect(journal.append('b', '{}')).rejects.toMatchObject(unavailable);
    expect(await journal.probe()).toEqual({
      name: 'journal',
      ok: false,
      detail: 'the journal cannot be written',
    });
    expect(await journal.read()).toEqual([{ id: 'a', text: '{}' }]);
    rmSync(join(directory, 'filler-0'));
    rmSync(join(directory, `filler-${page}`));
    await journal.append('b', '{}');
    expect(await journal.read()).toHaveLength(2);
  });

  it('says so because something else is in its place', async () => {
    mkdirSync(directory, { recursive: true });
    writeFileSync(at(), 'a file');
    await expect(journal.append('a', '{}')).rejects.toMatchObject(unavailable);
    await expect(journal.remove('a')).rejects.toMatchObject(unavailable);
    await expect(journal.read()).rejects.toMatchObject({
      ...unavailable,
      message: 'The journal cannot be read',
    });
    expect(await journal.probe()).toMatchObject({ ok: false });
  });

  it('can be written again after its directory was taken away', async () => {
    await journal.append('a', '{}');
    rmSync(directory, { recursive: true });
    expect(await journal.read()).toEqual([]);
    await journal.remove('a');
    await journal.append('b', '{}');
    expect(await journal.read()).toEqual([{ id: 'b', text: '{}' }]);
  });
});
