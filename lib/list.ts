import { authorize, covers, outside } from './authorize.js';
import type { Actor, Selector } from './command.js';
import type { Core } from './core.js';
import { unknownAgent } from './errors.js';
import { setMembers } from './members.js';
import type { StoredAgent } from './ports.js';
import { readRecord } from './record.js';
import { matches } from './select.js';

export interface AgentPage {
  /** Each the JSON text of one record as stored, or of `{agentId, status: "unreadable", detail}`. */
  readonly agents: readonly string[];
  /** The last ID of this page: pass it on to get the next; absent on the last page. */
  readonly cursor?: string;
}

export interface ListQuery {
  readonly selector: Omit<Selector, 'status'> & { status?: Selector['status'] | 'unreadable' };
  readonly cursor?: string;
  readonly limit: number;
}

/** The record's own text. The key says whose it is, so the ID is set from there; nothing else is touched. */
function show(stored: StoredAgent): string {
  const reading = readRecord(stored);
  if (reading.kind === 'agent') return setMembers(reading.raw, { agentId: stored.agentId });
  return JSON.stringify({ agentId: stored.agentId, status: 'unreadable', detail: reading.why });
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

/**
 * The agents by ID in ascending order, a page at a time. Keeps no more than a page in memory.
 * @throws KillswitchError `forbidden`, `store_unavailable`
 */
export async function list(core: Core, actor: Actor, query: ListQuery): Promise<AgentPage> {
  authorize(actor, 'agents:read');
  const { cursor = '', limit } = query;
  let kept = new Map<string, StoredAgent>();
  for await (const page of core.records.scan('all')) {
    for (const stored of page) {
      if (stored.agentId > cursor && isListed(query, actor, stored)) kept.set(stored.agentId, stored);
    }
    kept = new Map([...kept].sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, limit + 1));
  }
  const found = [...kept.values()];
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  return { agents: shown.map(show), ...(found.length > limit && last ? { cursor: last.agentId } : {}) };
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
  return show(stored);
}
