import type { Actor, Within } from '../domain/actor.js';
import type { AuditEntry } from '../domain/audit-entry.js';
import { authorize, outside } from '../domain/authorize.js';
import type { AuditQuery } from '../ports/audit.js';
import type { Core } from '../ports/core.js';
import { omitUndefined } from '../util/omit-undefined.js';

export interface TrailQuery extends AuditQuery {
  /** A cursor: only what was committed after it. */
  readonly after?: string;
}

/** Entries of the audit in the order of the commits. */
export interface TrailPage {
  readonly entries: readonly AuditEntry[];
  /**
   * Goes on right after the last entry of these; where there were no more, after all that was there. The same as
   * before: nothing was added.
   */
  readonly cursor: string;
}

/** Everything that is asked for, however much. */
export interface Trail {
  readonly entries: AsyncIterable<AuditEntry>;
  /** Goes on after the last entry, once all have been read. */
  readonly cursor: string;
}

/** How many pages one request that goes on from a cursor looks at, whatever it finds in them. */
const LOOKED_AT = 10;
const PAGE = 500;

/** What the credential lets see; an entry says nothing of hosts, so one that is narrowed to a host sees nothing. */
function narrowed(query: AuditQuery, { agentId, taskId, host }: Within): [AuditQuery, { taskId?: string }] {
  if (host !== undefined || (agentId !== undefined && (query.agentId ?? agentId) !== agentId))
    throw outside();
  return [
    omitUndefined<AuditQuery>({ ...query, agentId: agentId ?? query.agentId }),
    taskId === undefined ? {} : { taskId },
  ];
}

/** Entry by entry, each with the cursor that goes on after it; the last one of a page has its end instead. */
async function* walk(
  { audit }: Pick<Core, 'audit'>,
  actor: Actor,
  { after = '', upTo, pages, ...asked }: TrailQuery & { readonly upTo?: string; readonly pages: number },
): AsyncGenerator<{ readonly entry?: AuditEntry; readonly cursor: string }> {
  const [query, { taskId }] = narrowed(asked, actor.within);
  let position = after;
  // A task is no part of the query: of a page, few entries may be left.
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
  // Who has no cursor yet may not know how to go on, and gets what there is.
  const pages = query.after === undefined ? Number.POSITIVE_INFINITY : LOOKED_AT;
  let cursor = query.after ?? '';
  for await (const step of walk(core, actor, { ...query, pages })) {
    ({ cursor } = step);
    if (step.entry && entries.push(step.entry) === query.limit) break;
  }
  return { entries, cursor };
}

/**
 * All of the audit that is asked for, up to what was committed last by now.
 * @throws KillswitchError `forbidden`, `store_unavailable`; the entries also the latter
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
