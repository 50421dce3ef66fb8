import type { AuditEntry } from '../../audit.js';
import type { AuditLog } from '../../ports.js';
import { inChunks, inPages } from './chunks.js';
import type { Connection } from './connection.js';

const PAGE = 500;

type Row = readonly [seq: number, at: number, entry: string];

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
      `SELECT seq, at, entry FROM audit WHERE (at, seq) > (?, ?) ${filters} ORDER BY at, seq LIMIT ?`,
    );
  const selects = {
    all: select(''),
    agent: select('AND agent_id = ?'),
    operation: select('AND operation_id = ?'),
    both: select('AND operation_id = ? AND agent_id = ?'),
  };

  const following = prepare<readonly [seq: number, entry: string]>(
    'SELECT seq, entry FROM audit WHERE seq > ? ORDER BY seq LIMIT ?',
  );
  const newest = prepare<readonly [seq: number]>('SELECT seq FROM audit ORDER BY seq DESC LIMIT 1');

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
        for (const [, , entry] of page) {
          yield JSON.parse(entry) as AuditEntry;
          if (--left <= 0) return;
        }
      }
    },
    // Writers take turns, so that numbers are committed in their order; none is ever deleted.
    after: (position, limit) =>
      read(() =>
        following
          .all([Number(position), limit])
          .map(([seq, entry]) => ({ position: `${seq}`, entry: JSON.parse(entry) as AuditEntry })),
      ),
    last: () => read(() => `${newest.get([])?.[0] ?? ''}`),
  };
  return { log, record };
}
