import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import Database from 'libsql';
import { KillswitchError } from '../../errors.js';
import type { Clock } from '../../ports.js';
import { isBusy, openFile } from './file.js';

type Value = string | number | Uint8Array | null;

/** A row as an array, in the order of the columns. A BLOB is a Uint8Array. */
interface Statement<Row> {
  get(values: readonly Value[]): Row | undefined;
  all(values: readonly Value[]): readonly Row[];
  run(values: readonly Value[]): void;
}

/**
 * One connection. Transactions run at once and without a pause, so that two of this process never mix; a turn of
 * the event loop follows each, so that a caller who awaits many in a row holds up nobody. While another process has
 * the file they are tried again until the deadline, then rejected with `store_unavailable`.
 */
export interface Connection {
  prepare<Row extends readonly unknown[] = []>(sql: string): Statement<Row>;
  /** Reads of one moment. */
  read<T>(work: () => T): Promise<T>;
  /** Durable when it resolves; undone as a whole when `work` throws. */
  write<T>(work: () => T): Promise<T>;
  close(): void;
}

interface Options {
  readonly path: string;
  readonly clock: Clock;
  readonly deadlineMs: number;
}

const unavailable = (cause?: unknown): KillswitchError =>
  new KillswitchError('store_unavailable', undefined, { cause });

/** Short, and at random, so that processes that wait for each other do not stay in step. */
const pause = (): Promise<void> => delay(1 + Math.random() * 9);

export function connect({ path, clock, deadlineMs }: Options): Connection {
  const file = openFile({ path, clock, deadlineMs });
  const { database } = file;
  let closed = false;

  function transaction<T>(begin: 'BEGIN' | 'BEGIN IMMEDIATE', work: () => T): T {
    if (closed || !file.isInPlace()) throw unavailable();
    database.exec(begin);
    try {
      const result = work();
      database.exec('COMMIT');
      return result;
    } catch (error) {
      if (database.inTransaction) database.exec('ROLLBACK');
      throw error;
    }
  }

  async function whenFree<T>(run: () => T): Promise<T> {
    const giveUpAt = clock.monotonic() + deadlineMs;
    for (;;) {
      try {
        const result = run();
        await turn();
        return result;
      } catch (error) {
        if (!(error instanceof Database.SqliteError)) throw error;
        if (!isBusy(error) || clock.monotonic() >= giveUpAt) throw unavailable(error);
      }
      await pause();
    }
  }

  return {
    prepare: <Row extends readonly unknown[]>(sql: string) => prepare<Row>(database, sql),
    read: work => whenFree(() => transaction('BEGIN', work)),
    write: work => whenFree(() => transaction('BEGIN IMMEDIATE', work)),
    close() {
      closed = true;
      database.close();
    },
  };
}

function prepare<Row extends readonly unknown[]>(database: Database.Database, sql: string): Statement<Row> {
  const statement = database.prepare(sql);
  // An INSERT has no rows that could be raw. `iterate` is left out: left early it keeps its snapshot for ever.
  const rows = statement.reader ? statement.raw() : statement;
  return {
    // Always one array: libsql takes a single object for named parameters, and a single buffer ends the process.
    get: values => rows.get(values) as Row | undefined,
    all: values => rows.all(values) as Row[],
    run: values => void rows.run(values),
  };
}
