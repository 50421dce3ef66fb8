import type { Clock, Records, StoredAgent } from '../../ports.js';
import { inChunks, inPages } from './chunks.js';
import type { Connection } from './connection.js';
import { decode, prepareFind } from './documents.js';

/** Rows read in one go. */
const PAGE = 1000;
/** More than a list can hold; SQLite wants an integer. */
const MAX_LIMIT = 1e9;
const NOTHING = new Uint8Array();

type AgentRow = readonly [agentId: Uint8Array, value: Uint8Array, tombstoned: number];

/** All that anybody may have written as bytes: the driver ends the process over a TEXT that is no UTF-8. */
const COLUMNS = `CAST(d.id AS BLOB), CAST(d.value AS BLOB), EXISTS (SELECT 1 FROM tombstones t WHERE t.agent_id = d.id)`;
const LIVE = '(d.expires_at IS NULL OR d.expires_at > ?)';

/** None under an ID that nobody can have. */
function stored([id, value, tombstoned]: AgentRow): StoredAgent[] {
  const agentId = decode(id);
  return agentId === undefined ? [] : [{ agentId, raw: decode(value), tombstoned: tombstoned === 1 }];
}

/** All of the port that only reads. */
export function openReader(connection: Connection, clock: Clock): Omit<Records, 'commit'> {
  const { prepare, read } = connection;
  const find = prepareFind(connection, clock);
  const findAgent = prepare<AgentRow>(
    `SELECT ${COLUMNS} FROM documents d WHERE d.kind = 'agent' AND d.id = ? AND ${LIVE}`,
  );
  const pageOf = {
    all: prepare<AgentRow>(
      `SELECT ${COLUMNS} FROM documents d WHERE d.kind = 'agent' AND d.id > CAST(? AS TEXT) AND ${LIVE} ORDER BY d.id LIMIT ${PAGE}`,
    ),
    active: prepare<AgentRow>(
      `SELECT ${COLUMNS} FROM active a CROSS JOIN documents d ON d.kind = 'agent' AND d.id = a.agent_id
        WHERE a.agent_id > CAST(? AS TEXT) AND ${LIVE} ORDER BY a.agent_id LIMIT ${PAGE}`,
    ),
  };
  const findTombstone = prepare<[1]>('SELECT 1 FROM tombstones WHERE agent_id = ?');
  const due = prepare<[agentId: Uint8Array]>(
    'SELECT CAST(agent_id AS BLOB) FROM debts WHERE host = ? AND due_at <= ? ORDER BY due_at, agent_id LIMIT ?',
  );

  return {
    read: documents =>
      inChunks(documents, PAGE, chunk =>
        read(() =>
          chunk.map(document => {
            const bytes = find(document);
            return bytes === undefined ? null : decode(bytes);
          }),
        ),
      ),
    agents: agentIds =>
      inChunks(agentIds, PAGE, chunk =>
        read(() =>
          chunk.flatMap(id => {
            const row = findAgent.get([id, clock.now()]);
            return row === undefined ? [] : stored(row);
          }),
        ),
      ),
    async *scan(scope) {
      const pages = inPages<AgentRow>(PAGE, last =>
        read(() => pageOf[scope].all([last?.[0] ?? NOTHING, clock.now()])),
      );
      for await (const page of pages) yield page.flatMap(stored);
    },
    tombstoned: agentIds =>
      inChunks(agentIds, PAGE, chunk => read(() => chunk.map(id => findTombstone.get([id]) !== undefined))),
    debts: (host, before, limit) =>
      read(() =>
        due.all([host, before, Math.min(limit, MAX_LIMIT)]).flatMap(([agentId]) => decode(agentId) ?? []),
      ),
  };
}
