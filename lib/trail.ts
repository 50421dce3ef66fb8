import type { AuditEntry } from './audit.js';
import { authorize, outside } from './authorize.js';
import type { Actor, Within } from './command.js';
import type { Core } from './core.js';
import type { AuditQuery } from './ports.js';
import { present } from './present.js';

export interface TrailQuery extends AuditQuery {
  /** A cursor: only what was committed after it. */
  readonly after?: string;
}

/** Entries of the audit, and where to go on for what comes later. */
export interface Trail {
  readonly entries: AsyncIterable<AuditEntry>;
  /** Everything committed after it is new. With `after` it is known when the entries were read. */
  cursor(): string;
}

/** How many entries one request with a cursor looks at, whatever it finds in them. */
const LOOKED_AT = 5_000;
const PAGE = 500;

/** What the credential lets see; an entry says nothing of hosts, so one that is narrowed to a host sees nothing. */
function narrowed(query: TrailQuery, { agentId, taskId, host }: Within): TrailQuery & { taskId?: string } {
  if (host !== undefined || (agentId !== undefined && (query.agentId ?? agentId) !== agentId))
    throw outside();
  return present<TrailQuery & { taskId?: string }>({ ...query, agentId: agentId ?? query.agentId, taskId });
}

/**
 * The audit, oldest first: by `since` and the other filters, or with `after` in the order of the commits.
 * @throws KillswitchError `forbidden`, `store_unavailable`; the entries also the latter
 */
export async function readTrail({ audit }: Core, actor: Actor, asked: TrailQuery): Promise<Trail> {
  authorize(actor, 'audit:read');
  const { taskId, after, ...query } = narrowed(asked, actor.within);
  const isSeen = (entry: AuditEntry): boolean => taskId === undefined || entry.taskId === taskId;
  let cursor = after ?? (await audit.last());

  async function* found(): AsyncGenerator<AuditEntry> {
    const { limit = Number.POSITIVE_INFINITY, ...filters } = query;
    let left = limit;
    for await (const entry of audit.query(filters)) {
      if (!isSeen(entry)) continue;
      yield entry;
      if (--left <= 0) return;
    }
  }

  async function* later(): AsyncGenerator<AuditEntry> {
    const { since, agentId, operationId, limit = Number.POSITIVE_INFINITY } = query;
    const isAsked = (entry: AuditEntry): boolean =>
      (agentId === undefined || entry.agentId === agentId) &&
      (operationId === undefined || entry.operationId === operationId) &&
      (since === undefined || Date.parse(entry.timestamp) >= Date.parse(since));
    let left = limit;
    for (let looked = 0; looked < LOOKED_AT; looked += PAGE) {
      const places = await audit.after(cursor, PAGE);
      for (const { position, entry } of places) {
        cursor = position;
        if (!entry || !isSeen(entry) || !isAsked(entry)) continue;
        yield entry;
        if (--left <= 0) return;
      }
      if (places.length < PAGE) return;
    }
  }

  return { entries: after === undefined ? found() : later(), cursor: () => cursor };
}
