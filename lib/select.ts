import { type Agent, isActive } from './agent.js';
import type { Selector } from './command.js';
import { KillswitchError } from './errors.js';
import type { Records } from './ports.js';
import { idOf, type Reading, readRecord } from './record.js';

const anyOf = <T>(wanted: T | readonly T[] | undefined, value: T): boolean =>
  wanted === undefined || (Array.isArray(wanted) ? wanted.includes(value) : wanted === value);

const sets = new WeakMap<readonly string[], ReadonlySet<string>>();

/** A long list is asked once for each agent: looked through each time, a kill-all by IDs would be quadratic. */
function isListed(agentIds: readonly string[], agentId: string): boolean {
  let set = sets.get(agentIds);
  if (!set) {
    set = new Set(agentIds);
    sets.set(agentIds, set);
  }
  return set.has(agentId);
}

/** Whether a record is among the selected. Every member of the selector must hold. */
export function matches(selector: Selector, agent: Agent): boolean {
  return (
    (selector.agentIds === undefined || isListed(selector.agentIds, agent.agentId)) &&
    anyOf(selector.status, agent.status) &&
    (selector.taskId === undefined || selector.taskId === agent.taskId) &&
    (selector.host === undefined || selector.host === agent.host) &&
    (selector.source === undefined || selector.source === (agent.source ?? 'registered')) &&
    (selector.detector === undefined || selector.detector === agent.detector) &&
    Object.entries(selector.labels ?? {}).every(([name, value]) => agent.labels[name] === value)
  );
}

/** A record that cannot be read may hide an active agent, unless the selector asks for what it does not show. */
export function mayBeSelected({ agentIds, ...content }: Selector, agentId: string): boolean {
  const asksForContent = Object.values(content).some(member => member !== undefined);
  return !asksForContent && (agentIds === undefined || isListed(agentIds, agentId));
}

const isTarget = (selector: Selector, reading: Reading): boolean =>
  reading.kind === 'agent'
    ? isActive(reading.agent.status) && matches(selector, reading.agent)
    : mayBeSelected(selector, reading.agentId);

/** A kill-all that finds new agents in every pass is up against somebody who starts them without end. */
const MAX_PASSES = 16;

async function* pass(
  records: Records,
  selector: Selector,
  scope: 'active' | 'all',
): AsyncGenerator<readonly Reading[]> {
  for await (const page of records.scan(scope)) {
    yield page.map(readRecord).filter(reading => isTarget(selector, reading));
  }
}

/**
 * The agents to stop, page by page, each once: first through the index, which is fast, then through every record,
 * which also finds those that other programs wrote, and so again until a pass finds nothing new: an agent that was
 * being started meanwhile is caught too.
 * @throws KillswitchError `conflict` if new ones kept appearing; `store_unavailable`
 */
export async function* select(records: Records, selector: Selector): AsyncGenerator<readonly Reading[]> {
  if (selector.agentIds) {
    const stored = await records.agents([...new Set(selector.agentIds)]);
    yield stored.map(readRecord).filter(reading => isTarget(selector, reading));
    return;
  }
  const handled = new Set<string>();
  for (let round = 0, found = 1; round < 2 || found > 0; round++) {
    if (round === MAX_PASSES)
      throw new KillswitchError('conflict', 'New agents kept appearing; engage the latch');
    found = 0;
    for await (const page of pass(records, selector, round === 0 ? 'active' : 'all')) {
      // A scan may give one agent twice, even in one page.
      const fresh = page.filter(reading => !handled.has(idOf(reading)) && handled.add(idOf(reading)));
      found += fresh.length;
      yield fresh;
    }
  }
}
