import type { AuditEntry } from '../../audit.js';
import type { AuditLog, AuditPlace } from '../../ports.js';
import { framed } from '../../signature.js';
import { inChunks, inPages } from './chunks.js';
import type { Connection } from './connection.js';

const PAGE = 500;

type Row = readonly [seq: number, at: number, entry: Uint8Array];
type Text = Uint8Array | null;
type WholeRow = readonly [position: string, at: number, agentId: Text, operationId: Text, entry: Uint8Array];

/** `undefined` for what is not ours. From bytes: the driver ends the process over a TEXT that is no UTF-8. */
function parse(entry: Uint8Array): AuditEntry | undefined {
  try {
    return JSON.parse(Buffer.from(entry).toString()) as AuditEntry;
  } catch {
    return undefined;
  }
}

/** The columns that queries go by say what an entry says, and hide it where they are changed. */
function placeOf([position, at, agentId, operationId, bytes]: WholeRow): AuditPlace {
  const entry = parse(bytes);
  return {
    position,
    ...(entry && { entry }),
    bytes: framed([`${at}`, agentId, operationId, bytes]),
  };
}

/** The audit as a port, and `record` for use inside a transaction that is under way. */
export function openAudit({ prepare, read, write }: Connection) {
  const insert = prepare('INSERT INTO audit (at, agent_id, operation_id, entry) VALUES (?, ?, ?, ?)');
  const record = (entry: AuditEntry): void =>
    insert.run([
      Date.parse(entry.timestamp) || 0,
      entry.agentId ?? null,
      entry.operationId ?? null,
      JSON.stringify(entry),
    ]);

  // A statement for each set of filters: with "? IS NULL OR …" SQLite would use none of the indexes.
  const select = (filters: string) =>
    prepare<Row>(
      `SELECT seq, at, CAST(entry AS BLOB) FROM audit WHERE (at, seq) > (?, ?) ${filters} ORDER BY at, seq LIMIT ?`,
    );
  const selects = {
    all: select(''),
    agent: select('AND agent_id = ?'),
    operation: select('AND operation_id = ?'),
    both: select('AND operation_id = ? AND agent_id = ?'),
  };

  // Numbers of rows as text: they have 64 bits, signed, and whoever writes the file may use all of them.
  const following = (range: string) =>
    prepare<WholeRow>(
      `SELECT CAST(seq AS TEXT), at, CAST(agent_id AS BLOB), CAST(operation_id AS BLOB), CAST(entry AS BLOB)
        FROM audit WHERE ${range} ORDER BY seq LIMIT ?`,
    );
  const followings = {
    all: following('TRUE'),
    after: following('seq > CAST(? AS INTEGER)'),
    upTo: following('seq <= CAST(? AS INTEGER)'),
    between: following('seq > CAST(? AS INTEGER) AND seq <= CAST(? AS INTEGER)'),
  };
  const newest = prepare<readonly [position: string]>(
    'SELECT CAST(seq AS TEXT) FROM audit ORDER BY seq DESC LIMIT 1',
  );

  const log: AuditLog = {
    async append(entries) {
      await inChunks(entries, PAGE, chunk =>
        write(() => {
          chunk.forEach(record);
          return [];
        }),
      );
    },
    async *query({ since, agentId, operationId, limit = Number.POSITIVE_INFINITY }) {
      const filters = [operationId, agentId].filter(filter => filter !== undefined);
      const one = agentId === undefined ? selects.operation : selects.agent;
      const chosen = filters.length === 2 ? selects.both : filters.length === 1 ? one : selects.all;
      const start = since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(since);
      let left = limit;
      if (left <= 0) return;
      for await (const page of inPages<Row>(PAGE, last =>
        read(() => chosen.all([last?.[1] ?? start, last?.[0] ?? -1, ...filters, PAGE])),
      )) {
        for (const [, , bytes] of page) {
          const entry = parse(bytes);
          if (entry === undefined) continue;
          yield entry;
          if (--left <= 0) return;
        }
      }
    },
    // Writers take turns, so that numbers are committed in their order; none is ever deleted.
    after: (position, limit, upTo) => {
      const [from, to] = [position === '' ? [] : [position], upTo === undefined ? [] : [upTo]];
      const one = to.length > 0 ? followings.upTo : followings.after;
      const chosen =
        from.length + to.length === 1 ? one : from.length > 0 ? followings.between : followings.all;
      return read(() => chosen.all([...from, ...to, limit]).map(placeOf));
    },
    last: () => read(() => newest.get([])?.[0] ?? ''),
  };
  return { log, record };
}
