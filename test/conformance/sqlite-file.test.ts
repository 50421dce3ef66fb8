import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqlite, type SqliteOptions } from '../../lib/adapters/sqlite/index.js';
import { change, LATCH } from './records/harness.js';

const root = mkdtempSync(join(tmpdir(), 'killswitch-sqlite-'));
afterAll(() => rmSync(root, { recursive: true }));

let directory = '';
let path = '';
const opened: { close(): unknown }[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(root, 'state-'));
  path = join(directory, 'store.db');
});
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

async function open(options: Partial<SqliteOptions> = {}) {
  const store = await openSqlite({ path, ...options });
  opened.push(store);
  return store;
}
function openRaw() {
  const database = new Database(path);
  opened.push(database);
  return database;
}
const rejected = { code: 'store_unavailable', message: 'The store does not answer' };

describe('the file of the embedded store', () => {
  it('is for its owner alone, and so are the directories made for it and the files beside it', async () => {
    path = join(directory, 'a', 'b', 'store.db');
    await (await open()).records.commit([change('a', null, '{}')]);
    const modes = ['..', '.', 'store.db', 'store.db-wal', 'store.db-shm'].map(
      name => statSync(join(path, '..', name)).mode & 0o777,
    );
    expect(modes).toEqual([0o700, 0o700, 0o600, 0o600, 0o600]);
  });

  it('from a newer version is refused and left as it is', async () => {
    await open();
    openRaw().exec('PRAGMA user_version = 1000');
    await expect(open()).rejects.toThrow(
      expect.objectContaining({
        code: 'store_unavailable',
        message:
          'The embedded store was written by a newer version of killswitch: install that one, or let KILLSWITCH_STATE_DIR name another directory',
      }),
    );
    expect(openRaw().pragma('user_version')).toEqual([{ user_version: 1000 }]);
  });

  it.each([
    ['that is damaged', () => writeFileSync(path, 'no database '.repeat(1000))],
    ['without our tables', () => openRaw().exec('CREATE TABLE other (a); PRAGMA user_version = 1')],
  ])('%s is refused in one sentence', async (_, prepare) => {
    prepare();
    await expect(open()).rejects.toThrow(
      expect.objectContaining({
        code: 'store_unavailable',
        message:
          'The embedded store is damaged: move it away, or let KILLSWITCH_STATE_DIR name another directory',
      }),
    );
  });

  it.each([
    ['under something that is no directory', () => writeFileSync(path, ''), () => join(path, 'store.db')],
    ['that is a directory itself', () => mkdirSync(path), () => path],
  ])('%s is refused in one sentence', async (_, prepare, place) => {
    prepare();
    await expect(open({ path: place() })).rejects.toThrow(
      expect.objectContaining({
        code: 'store_unavailable',
        message:
          'The embedded store cannot be opened: KILLSWITCH_STATE_DIR must name a directory that can be written to',
      }),
    );
  });

  it('that was moved away takes no more commits, and the probe says so', async () => {
    const { records, probe } = await open();
    expect(await probe()).toEqual({ name: 'store', ok: true });
    renameSync(path, `${path}.old`);
    await expect(records.commit([change('a', null, '{}')])).rejects.toMatchObject(rejected);
    expect(await probe()).toEqual({
      name: 'store',
      ok: false,
      detail: 'the embedded store does not answer',
    });
  });

  it('does not keep documents whose time is over', async () => {
    let now = 1000;
    const { records } = await open({ clock: { now: () => now } });
    const kinds = ['memory', 'operation'] as const;
    await records.commit(
      kinds.map(kind => ({
        document: { kind, id: 'x' },
        expect: null,
        next: '{}',
        ttlSeconds: 1,
        audit: [],
      })),
    );
    now = 2000;
    await records.commit([change('a', null, '{}')]);
    expect(openRaw().prepare('SELECT kind FROM documents').raw().all([])).toEqual([['agent']]);
  });
});

describe('a file that another process holds', () => {
  it('is waited for, while the event loop goes on', async () => {
    const { records } = await open({ deadlineMs: 20_000 });
    const holder = openRaw();
    holder.exec('BEGIN IMMEDIATE');
    const commit = records.commit([change('a', null, '{}')]);
    setTimeout(() => holder.exec('COMMIT'), 30);
    expect(await commit).toEqual(['committed']);
  });

  it('is given up at the deadline: the call changes nothing, and the next one works', async () => {
    const { records, probe } = await open({ deadlineMs: 30 });
    const holder = openRaw();
    holder.exec('BEGIN IMMEDIATE');
    await expect(records.commit([change('a', null, '{}')])).rejects.toMatchObject(rejected);
    expect((await probe()).ok).toBe(false);
    holder.exec('COMMIT');
    expect(await records.commit([change('a', null, '{}')])).toEqual(['committed']);
  });

  it('leaves the event loop its turns while calls are awaited one after another', async () => {
    const { records } = await open();
    let turned = false;
    setImmediate(() => {
      turned = true;
    });
    for (let n = 0; n < 3; n++) await records.read([LATCH]);
    expect(turned).toBe(true);
  });

  it('can still be read', async () => {
    const { records } = await open({ deadlineMs: 30 });
    openRaw().exec('BEGIN IMMEDIATE');
    expect(await records.read([LATCH])).toEqual([null]);
  });

  it('cannot be opened for the first time, and says why', async () => {
    openRaw().exec('CREATE TABLE other (a); BEGIN EXCLUSIVE');
    await expect(open({ deadlineMs: 30 })).rejects.toThrow('The embedded store is held by another process');
  });
});
