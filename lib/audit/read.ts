import type { Actor, Within } from '../domain/actor.js';
import type { AuditEntry } from '../domain/audit-entry.js';
import { authorize, outside } from '../domain/authorize.js';
import type { AuditQuery } from '../ports/audit.js';
import type { Core } from '../ports/core.js';
import { omitUndefined } from '../util/omit-undefined.js';

export interface TrailQuery extends AuditQuery {
  /** A cursor: only entries committed after it. */
  readonly after?: string;
}

/** Entries of the audit in the order of the commits. */
export interface TrailPage {
  readonly entries: readonly AuditEntry[];
  /**
   * Continues after the last of these entries or, if there were no more, after all that was read. Unchanged if nothing
   * was added.
   */
  readonly cursor: string;
}

/** All entries of a query, as a stream. */
export interface Trail {
  readonly entries: AsyncIterable<AuditEntry>;
  /** Continues after the last entry once all have been read. */
  readonly cursor: string;
}

/** The most pages that one request with a cursor reads, however few entries match. */
const LOOKED_AT = 10;
const PAGE = 500;

/** The query within the credential's limits. An entry has no host, so a credential narrowed to one sees nothing. */
function narrowed(query: AuditQuery, { agentId, taskId, host }: Within): [AuditQuery, { taskId?: string }] {
  if (host !== undefined || (agentId !== undefined && (query.agentId ?? agentId) !== agentId))
    throw outside();
  return [
    omitUndefined<AuditQuery>({ ...query, agentId: agentId ?? query.agentId }),
    taskId === undefined ? {} : { taskId },
  ];
}

/** Yields each entry with the cursor after it, and the cursor at the end of each page. */
async function* walk(
  { audit }: Pick<Core, 'audit'>,
  actor: Actor,
  { after = '', upTo, pages, ...asked }: TrailQuery & { readonly upTo?: string; readonly pages: number },
): AsyncGenerator<{ readonly entry?: AuditEntry; readonly cursor: string }> {
  const [query, { taskId }] = narrowed(asked, actor.within);
  let position = after;
  // The store cannot query by task, so few entries of a page may match.
  const limit = taskId === undefined ? Math.min(asked.limit ?? PAGE, PAGE) : PAGE;
  for (let page = 0; page < pages; page++) {
    const range = omitUndefined({ after: position, upTo, limit });
    const { found, more, position: end } = await audit.search(query, range);
    for (const one of found) {
      if (taskId === undefined || one.entry.taskId === taskId)
        yield { entry: one.entry, cursor: one.position };
    }
    yield { cursor: end };
    if (!more) return;
    position = end;
  }
}

/**
 * A page of the audit: from the beginning, from `since`, or after a cursor.
 * @throws KillswitchError `forbidden`, `store_unavailable`
 */
export async function readTrail(
  core: Pick<Core, 'audit'>,
  actor: Actor,
  query: TrailQuery & { readonly limit: number },
): Promise<TrailPage> {
  authorize(actor, 'audit:read');
  const entries: AuditEntry[] = [];
  // A client without a cursor may not know how to continue, so it gets everything there is.
  const pages = query.after === undefined ? Number.POSITIVE_INFINITY : LOOKED_AT;
  let cursor = query.after ?? '';
  for await (const step of walk(core, actor, { ...query, pages })) {
    ({ cursor } = step);
    if (step.entry && entries.push(step.entry) === query.limit) break;
  }
  return { entries, cursor };
}

/**
 * Streams all entries of a query, up to the last one committed so far.
 * @throws KillswitchError `forbidden`, `store_unavailable`; iterating the entries may throw the latter, too
 */
export async function streamTrail(
  core: Pick<Core, 'audit'>,
  actor: Actor,
  query: Omit<TrailQuery, 'limit'>,
): Promise<Trail> {
  authorize(actor, 'audit:read');
  narrowed(query, actor.within);
  const upTo = await core.audit.last();
  async function* all(): AsyncGenerator<AuditEntry> {
    const steps = walk(core, actor, { ...query, upTo, pages: Number.POSITIVE_INFINITY });
    for await (const { entry } of steps) if (entry) yield entry;
  }
  return { entries: all(), cursor: upTo };
}
