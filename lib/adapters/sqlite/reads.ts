import type { DocumentRef, StoredAgent } from '../../ports/records.js';
import type { Clock } from '../../ports/runtime.js';
import type { Connection } from './connection.js';
import { decode, prepareFind } from './documents.js';

/** No limit; SQLite needs an integer. */
const MAX_LIMIT = 1e9;
const NOTHING = new Uint8Array();

type AgentRow = readonly [agentId: Uint8Array, value: Uint8Array, tombstoned: number];

/** Agents in ascending order of their IDs, and where the next page begins, which is absent on the last page. */
export interface Page {
  readonly agents: readonly StoredAgent[];
  /** The bytes of the last ID, which may not be UTF-8. */
  readonly next?: Uint8Array;
}

/** Untrusted columns as bytes, because a TEXT that is not UTF-8 crashes the driver. */
const COLUMNS = `CAST(d.id AS BLOB), CAST(d.value AS BLOB), EXISTS (SELECT 1 FROM tombstones t WHERE t.agent_id = d.id)`;
const LIVE = '(d.expires_at IS NULL OR d.expires_at > ?)';

/** Leaves out rows with an invalid ID. */
function stored([id, value, tombstoned]: AgentRow): StoredAgent[] {
  const agentId = decode(id);
  return agentId === undefined ? [] : [{ agentId, raw: decode(value), tombstoned: tombstoned === 1 }];
}

/** Reads records; to be called inside a transaction. */
export function prepareReads({ prepare }: Pick<Connection, 'prepare'>, clock: Pick<Clock, 'now'>) {
  const find = prepareFind({ prepare }, clock);
  const findAgent = prepare<AgentRow>(
    `SELECT ${COLUMNS} FROM documents d WHERE d.kind = 'agent' AND d.id = ? AND ${LIVE}`,
  );
  const pageOf = {
    all: prepare<AgentRow>(
      `SELECT ${COLUMNS} FROM documents d WHERE d.kind = 'agent' AND d.id > CAST(? AS TEXT) AND ${LIVE} ORDER BY d.id LIMIT ?`,
    ),
    active: prepare<AgentRow>(
      `SELECT ${COLUMNS} FROM active a CROSS JOIN documents d ON d.kind = 'agent' AND d.id = a.agent_id
        WHERE a.agent_id > CAST(? AS TEXT) AND ${LIVE} ORDER BY a.agent_id LIMIT ?`,
    ),
  };
  const findTombstone = prepare<[1]>('SELECT 1 FROM tombstones WHERE agent_id = ?');
  const due = prepare<[agentId: Uint8Array]>(
    'SELECT CAST(agent_id AS BLOB) FROM debts WHERE host = ? AND due_at <= ? ORDER BY due_at, agent_id LIMIT ?',
  );

  return {
    read: (documents: readonly DocumentRef[]): (string | null | undefined)[] =>
      documents.map(document => {
        const bytes = find(document);
        return bytes === undefined ? null : decode(bytes);
      }),
    agents: (agentIds: readonly string[]): StoredAgent[] =>
      agentIds.flatMap(id => {
        const row = findAgent.get([id, clock.now()]);
        return row === undefined ? [] : stored(row);
      }),
    page(scope: 'active' | 'all', after: Uint8Array | string = NOTHING, limit = 1000): Page {
      const rows = pageOf[scope].all([after, clock.now(), limit]);
      const last = rows.length === limit ? rows.at(-1)?.[0] : undefined;
      return { agents: rows.flatMap(stored), ...(last && { next: last }) };
    },
    tombstoned: (agentIds: readonly string[]): boolean[] =>
      agentIds.map(id => findTombstone.get([id]) !== undefined),
    debts: (host: string, before: number, limit: number): string[] =>
      due.all([host, before, Math.min(limit, MAX_LIMIT)]).flatMap(([agentId]) => decode(agentId) ?? []),
  };
}
