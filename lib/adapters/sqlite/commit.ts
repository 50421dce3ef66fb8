import type { AuditEntry } from '../../domain/audit-entry.js';
import type { DocumentRef, Step, StepResult } from '../../ports/records.js';
import type { Clock } from '../../ports/runtime.js';
import type { Connection } from './connection.js';
import { isExactly, prepareFind } from './documents.js';

/** The most expired documents that one transaction deletes. */
const SWEPT = 100;

interface Parts extends Pick<Connection, 'prepare'> {
  readonly clock: Pick<Clock, 'now'>;
  readonly record: (entry: AuditEntry) => void;
}

/**
 * Commits steps; to be called inside a transaction. Each step is decided before its first write, so a refused one leaves
 * nothing to undo.
 */
export function prepareCommit({ prepare, clock, record }: Parts) {
  const find = prepareFind({ prepare }, clock);
  const put = prepare('REPLACE INTO documents (kind, id, value, expires_at) VALUES (?, ?, ?, ?)');
  const remove = prepare('DELETE FROM documents WHERE kind = ? AND id = ?');
  const sweep = prepare(
    `DELETE FROM documents WHERE rowid IN (SELECT rowid FROM documents WHERE expires_at <= ? LIMIT ${SWEPT})`,
  );
  const activate = prepare('INSERT OR IGNORE INTO active (agent_id) VALUES (?)');
  const deactivate = prepare('DELETE FROM active WHERE agent_id = ?');
  const findTombstone = prepare<[number]>('SELECT 1 FROM tombstones WHERE agent_id = ?');
  const bury = prepare('INSERT OR IGNORE INTO tombstones (agent_id, value) VALUES (?, ?)');
  const owe = prepare('REPLACE INTO debts (host, agent_id, due_at) VALUES (?, ?, ?)');
  const pay = prepare('DELETE FROM debts WHERE host = ? AND agent_id = ?');

  const stands = (document: DocumentRef, expected: string | null): boolean =>
    isExactly(find(document), expected);

  function refusal({ document, expect, admission }: Step): StepResult | undefined {
    if (admission !== undefined && findTombstone.get([document.id]) !== undefined) return 'tombstoned';
    if (!stands(document, expect)) return 'conflict';
    if (admission !== undefined && !stands({ kind: 'latch', id: '' }, admission.latch)) return 'conflict';
    return undefined;
  }

  function apply({ document: { kind, id }, next, ttlSeconds, active, tombstone, debt, audit }: Step): void {
    const expiresAt = ttlSeconds === undefined ? null : clock.now() + ttlSeconds * 1000;
    if (next === null) remove.run([kind, id]);
    else put.run([kind, id, Buffer.from(next), expiresAt]);
    if (active !== undefined) (active ? activate : deactivate).run([id]);
    if (tombstone !== undefined) bury.run([id, tombstone]);
    if (debt?.dueAt === null) pay.run([debt.host, id]);
    else if (debt !== undefined) owe.run([debt.host, id, debt.dueAt]);
    audit.forEach(record);
  }

  function decide(step: Step): StepResult {
    const refused = refusal(step);
    if (refused === undefined) apply(step);
    return refused ?? 'committed';
  }

  return (steps: readonly Step[]): StepResult[] => {
    sweep.run([clock.now()]);
    return steps.map(decide);
  };
}
