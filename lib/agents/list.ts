import type { Actor } from '../domain/actor.js';
import { type Agent, isActive } from '../domain/agent.js';
import { authorize, covers, outside } from '../domain/authorize.js';
import { unknownAgent } from '../domain/errors.js';
import { readRecord } from '../domain/record.js';
import type { Selector } from '../domain/selector.js';
import { matches } from '../domain/selector.js';
import type { Core } from '../ports/core.js';
import type { StoredAgent } from '../ports/records.js';
import { setMembers } from '../util/json-edit.js';

export interface AgentPage {
  /** JSON texts: records as stored, or `{agentId, status: "unreadable", detail}`. */
  readonly agents: readonly string[];
  /** Pass it to get the next page, which begins after this ID; absent on the last page. */
  readonly cursor?: string;
}

export interface ListQuery {
  readonly selector: Omit<Selector, 'status'> & { status?: Selector['status'] | 'unreadable' };
  readonly cursor?: string;
  readonly limit: number;
}

/**
 * The record's own text, with the ID from its key, which is authoritative, and `seen: gone` if an active agent belongs to
 * this host and its latest scans did not see it run. Nothing else is changed.
 */
function show(core: Core, stored: StoredAgent): string {
  const reading = readRecord(stored);
  if (reading.kind === 'agent') {
    const seen = isSeenGone(core, reading.agent) ? { seen: 'gone' } : {};
    return setMembers(reading.raw, { agentId: stored.agentId, ...seen });
  }
  return JSON.stringify({ agentId: stored.agentId, status: 'unreadable', detail: reading.why });
}

function isSeenGone(core: Core, agent: Agent): boolean {
  const { status, sandboxes, host, agentId } = agent;
  const isHere = host === core.hostId || (host === undefined && core.isAlone());
  return isActive(status) && isHere && sandboxes.length > 0 && core.presence.isGone(agentId);
}

function isListed({ selector }: ListQuery, actor: Actor, stored: StoredAgent): boolean {
  const reading = readRecord(stored);
  const { status, ...rest } = selector;
  if (reading.kind === 'unreadable') {
    const asked = status === 'unreadable' || (status === undefined && Object.keys(rest).length === 0);
    return asked && covers(actor.within, stored);
  }
  if (status === 'unreadable') return false;
  return (
    matches({ ...rest, ...(status ? { status } : {}) }, reading.agent) && covers(actor.within, reading.agent)
  );
}

/** The most records that one request reads, however few of them match. */
const LOOKED_AT = 10_000;
const PAGE = 1_000;

/**
 * Lists agents by ID in ascending order, a page at a time. A page may be short or empty and still have a cursor, if few
 * of many records match.
 * @throws KillswitchError `forbidden`, `store_unavailable`
 */
export async function list(core: Core, actor: Actor, query: ListQuery): Promise<AgentPage> {
  authorize(actor, 'agents:read');
  const { limit } = query;
  const all = Object.keys(query.selector).length === 0 && Object.keys(actor.within).length === 0;
  // One more than the limit shows whether there is another page.
  const size = all ? Math.min(limit + 1, PAGE) : PAGE;
  const found: StoredAgent[] = [];
  const shown = (some: readonly StoredAgent[]) => some.map(stored => show(core, stored));
  let after = query.cursor ?? '';
  for (let looked = 0; looked < LOOKED_AT; looked += size) {
    const page = await core.records.page(after, size);
    found.push(...page.agents.filter(stored => isListed(query, actor, stored)));
    const last = found[limit - 1];
    if (last && found.length > limit) {
      return { agents: shown(found.slice(0, limit)), cursor: last.agentId };
    }
    if (page.next === undefined) return { agents: shown(found) };
    after = page.next;
  }
  return { agents: shown(found), cursor: after };
}

/**
 * One record as stored.
 * @throws KillswitchError `forbidden`, `agent_not_found`, `store_unavailable`
 */
export async function get(core: Core, actor: Actor, agentId: string): Promise<string> {
  authorize(actor, 'agents:read', { ...actor.within, agentId });
  const [stored] = await core.records.agents([agentId]);
  if (!stored) throw unknownAgent(agentId);
  if (!isListed({ selector: {}, limit: 1 }, actor, stored)) throw outside();
  return show(core, stored);
}
