import { setTimeout as delay } from 'node:timers/promises';
import Database from 'libsql';
import { KillswitchError } from '../../domain/errors.js';
import { isBusy, openFile } from './file.js';
import { monotonic } from './monotonic.js';

type Value = string | number | Uint8Array | null;

/** A row as an array, in the order of the columns. A BLOB is a Uint8Array. */
interface Statement<Row> {
  get(values: readonly Value[]): Row | undefined;
  all(values: readonly Value[]): readonly Row[];
  run(values: readonly Value[]): void;
}

/** One connection, in the thread of the store. */
export interface Connection {
  prepare<Row extends readonly unknown[] = []>(sql: string): Statement<Row>;
  /**
   * Runs `work` synchronously in one transaction, so that two of this process never interleave. A `read` sees a snapshot; a
   * `write` is durable when it resolves, and rolled back if `work` throws. While another process locks the file, it is
   * retried until `giveUpAt` (see `monotonic`), then rejects with `store_unavailable`.
   */
  transaction<T>(kind: 'read' | 'write', giveUpAt: number, work: () => T): Promise<T>;
  close(): void;
}

interface Options {
  readonly path: string;
  readonly deadlineMs: number;
  /** Runs before each commit of a write. */
  readonly beforeCommit: () => void;
}

const BEGIN = { read: 'BEGIN', write: 'BEGIN IMMEDIATE' } as const;

const unavailable = (cause?: unknown): KillswitchError =>
  new KillswitchError('store_unavailable', undefined, { cause });

/** Short and random, so that waiting processes do not stay in step. */
const pause = (): Promise<void> => delay(1 + Math.random() * 9);

export function connect({ path, deadlineMs, beforeCommit }: Options): Connection {
  const file = openFile({ path, deadlineMs });
  const { database } = file;
  let closed = false;

  function attempt<T>(kind: 'read' | 'write', work: () => T): T {
    if (closed || !file.isInPlace()) throw unavailable();
    database.exec(BEGIN[kind]);
    try {
      const result = work();
      if (kind === 'write') beforeCommit();
      database.exec('COMMIT');
      return result;
    } catch (error) {
      if (database.inTransaction) database.exec('ROLLBACK');
      throw error;
    }
  }

  return {
    prepare: <Row extends readonly unknown[]>(sql: string) => prepare<Row>(database, sql),
    async transaction(kind, giveUpAt, work) {
      let cause: unknown;
      while (monotonic() < giveUpAt) {
        try {
          return attempt(kind, work);
        } catch (error) {
          if (!(error instanceof Database.SqliteError)) throw error;
          cause = error;
          if (!isBusy(error)) break;
        }
        await pause();
      }
      throw unavailable(cause);
    },
    close() {
      closed = true;
      database.close();
    },
  };
}

function prepare<Row extends readonly unknown[]>(database: Database.Database, sql: string): Statement<Row> {
  const statement = database.prepare(sql);
  // An INSERT has no rows, so `raw` does not apply. No `iterate`: left early, it would keep its snapshot for ever.
  const rows = statement.reader ? statement.raw() : statement;
  return {
    // Always one array: libsql takes a single object for named parameters, and crashes on a single buffer.
    get: values => rows.get(values) as Row | undefined,
    all: values => rows.all(values) as Row[],
    run: values => void rows.run(values),
  };
}
