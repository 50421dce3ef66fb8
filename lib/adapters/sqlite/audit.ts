import type { AuditEntry } from '../../domain/audit-entry.js';
import type { AuditPage, AuditPlace, AuditQuery, AuditRange } from '../../ports/audit.js';
import { framed } from '../../util/crypto.js';
import { parseJson } from '../../util/parse-json.js';
import type { Connection } from './connection.js';

/** By how much a clock that stamped an entry may be behind that of an earlier one. Milliseconds. */
const CLOCK_SKEW_MS = 86_400_000;
/** Below every number of a row. */
const LOWEST = '-9223372036854775808';
const HIGHEST = '9223372036854775807';

type Row = readonly [position: string, entry: Uint8Array];
type Text = Uint8Array | null;
type WholeRow = readonly [position: string, at: number, agentId: Text, operationId: Text, entry: Uint8Array];

/** `undefined` if it is not one of ours. From bytes, because a TEXT that is not UTF-8 crashes the driver. */
const parse = (entry: Uint8Array): AuditEntry | undefined =>
  parseJson(Buffer.from(entry).toString()) as AuditEntry | undefined;

/** Includes the columns that queries use: changing them would hide an entry. */
function placeOf([position, at, agentId, operationId, bytes]: WholeRow): AuditPlace {
  const entry = parse(bytes);
  return {
    position,
    ...(entry && { entry }),
    bytes: framed([`${at}`, agentId, operationId, bytes]),
  };
}

/** Writes entries; to be called inside a transaction. */
export function prepareRecord({ prepare }: Pick<Connection, 'prepare'>) {
  const insert = prepare('INSERT INTO audit (at, agent_id, operation_id, entry) VALUES (?, ?, ?, ?)');
  return (entry: AuditEntry): void =>
    insert.run([
      Date.parse(entry.timestamp) || 0,
      entry.agentId ?? null,
      entry.operationId ?? null,
      JSON.stringify(entry),
    ]);
}

/**
 * Reads the audit; to be called inside a transaction. Writers take turns, so row numbers are committed in order, and none
 * is ever deleted. Row numbers are text, as all of their 64 bits may be used.
 */
export function prepareAudit({ prepare }: Pick<Connection, 'prepare'>) {
  const search = prepareSearch({ prepare });
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
  const last = (): string => newest.get([])?.[0] ?? '';

  return {
    last,
    after(position: string, limit: number, upTo?: string): AuditPlace[] {
      const [from, to] = [position === '' ? [] : [position], upTo === undefined ? [] : [upTo]];
      const one = to.length > 0 ? followings.upTo : followings.after;
      const chosen =
        from.length + to.length === 1 ? one : from.length > 0 ? followings.between : followings.all;
      return chosen.all([...from, ...to, limit]).map(placeOf);
    },
    search(query: AuditQuery, range: AuditRange): AuditPage {
      const rows = search(query, range);
      const found = rows.flatMap(([position, bytes]) => {
        const entry = parse(bytes);
        return entry === undefined ? [] : [{ position, entry }];
      });
      const { after, upTo, limit } = range;
      const more = rows.length === limit;
      const end = more ? rows.at(-1)?.[0] : (upTo ?? last());
      const isOn = end && (after === '' || BigInt(end) > BigInt(after));
      return { found, more, position: isOn ? end : after };
    },
  };
}

function prepareSearch({ prepare }: Pick<Connection, 'prepare'>) {
  const columns = 'SELECT CAST(seq AS TEXT), CAST(entry AS BLOB) FROM audit';
  const range = 'seq > CAST(? AS INTEGER) AND seq <= CAST(? AS INTEGER) AND at >= ?';
  const all = prepare<Row>(`${columns} WHERE ${range} ORDER BY seq LIMIT ?`);
  // A statement for each set of filters, as with "? IS NULL OR …" SQLite would use no index. The subquery reads the index
  // alone, so that only the rows of the page are looked up.
  const filtered = (filters: string) =>
    prepare<Row>(
      `${columns} WHERE seq IN (SELECT seq FROM audit WHERE ${filters} AND ${range} ORDER BY seq LIMIT ?) ORDER BY seq`,
    );
  const byAgent = filtered('agent_id = ?');
  const byOperation = filtered('operation_id = ?');
  const byBoth = filtered('operation_id = ? AND agent_id = ?');
  // By the index of times: otherwise all rows would have to be scanned from the first one.
  const startOf = prepare<readonly [position: string | null]>(
    `SELECT CAST(MIN(seq) - 1 AS TEXT) FROM audit
      WHERE at BETWEEN ?1 AND ${CLOCK_SKEW_MS} + (SELECT MIN(at) FROM audit WHERE at >= ?1)`,
  );

  return (
    { since, agentId, operationId }: AuditQuery,
    { after, upTo = HIGHEST, limit }: AuditRange,
  ): readonly Row[] => {
    const from = since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(since);
    const filters = [operationId, agentId].filter(filter => filter !== undefined);
    const one = agentId === undefined ? byOperation : byAgent;
    if (filters.length > 0)
      return (filters.length === 2 ? byBoth : one).all([
        ...filters,
        after || LOWEST,
        upTo || LOWEST,
        from,
        limit,
      ]);
    const start = after || (since !== undefined && startOf.get([from])?.[0]) || LOWEST;
    return all.all([start, upTo || LOWEST, from, limit]);
  };
}
