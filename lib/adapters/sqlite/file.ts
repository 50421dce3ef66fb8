import { closeSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import Database from 'libsql';
import { KillswitchError } from '../../domain/errors.js';
import { monotonic } from './monotonic.js';
import { migrate } from './schema.js';

/** Milliseconds for which SQLite itself may wait for a lock, which blocks all other calls. */
const BUSY_TIMEOUT_MS = 5;

export interface DatabaseFile {
  readonly database: Database.Database;
  /** Whether the path still leads to this file: SQLite would go on writing into a deleted one. */
  isInPlace(): boolean;
}

/** Another connection locks the file: worth a retry. Extended codes begin with the same word. */
export const isBusy = (error: unknown): boolean =>
  error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY');

/**
 * Opens the file, creates it (mode 0600) and its directories (0700) if they are missing, and migrates its schema. Blocks
 * for up to `deadlineMs` while other processes do the same.
 */
export function openFile(options: { path: string; deadlineMs: number }): DatabaseFile {
  const path = resolve(options.path);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  createPrivate(path);
  const database = patiently(() => openDatabase(path), options.deadlineMs);
  const { ino, dev } = statSync(path);
  return {
    database,
    isInPlace() {
      try {
        const now = statSync(path);
        return now.ino === ino && now.dev === dev;
      } catch {
        return false;
      }
    },
  };
}

/** @throws KillswitchError `store_unavailable` with a sentence for the operator, whatever the cause */
export function tellingWhy<T>(open: () => T): T {
  try {
    return open();
  } catch (cause) {
    if (cause instanceof KillswitchError) throw cause;
    throw new KillswitchError('store_unavailable', sentenceFor(cause), { cause });
  }
}

/**
 * Never opens an existing file: closing it would drop the POSIX locks of every connection of this process
 * (https://www.sqlite.org/howtocorrupt.html, section 2.2).
 */
function createPrivate(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function openDatabase(path: string): Database.Database {
  const database = new Database(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    migrate(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Switching to WAL ignores SQLite's own timeout. */
function patiently<T>(work: () => T, deadlineMs: number): T {
  const giveUpAt = monotonic() + deadlineMs;
  const never = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    try {
      return work();
    } catch (error) {
      if (!isBusy(error) || monotonic() >= giveUpAt) throw error;
      Atomics.wait(never, 0, 0, 1 + Math.random() * 9);
    }
  }
}

function sentenceFor(cause: unknown): string {
  if (isBusy(cause)) return 'The embedded store is held by another process';
  const code = cause instanceof Database.SqliteError ? cause.code : '';
  return /^SQLITE_(NOTADB|CORRUPT|ERROR)/.test(code)
    ? 'The embedded store is damaged: move it away, or let KILLSWITCH_STATE_DIR name another directory'
    : 'The embedded store cannot be opened: KILLSWITCH_STATE_DIR must name a directory that can be written to';
}
