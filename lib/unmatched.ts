import { isActive } from './agent.js';
import { narrow } from './authorize.js';
import type { KillAllCommand, Selector } from './command.js';
import type { Core } from './core.js';
import { readRecord } from './record.js';
import { matches } from './select.js';
import { describeSelector } from './wording.js';

/** How many agents are explained one by one. */
const MOST = 10;

/** One selector for each of its members. */
function membersOf({ labels = {}, ...rest }: Selector): Selector[] {
  const single = Object.entries(rest).flatMap(([name, value]) =>
    value === undefined ? [] : [{ [name]: value } as Selector],
  );
  return [...single, ...Object.entries(labels).map(([name, value]) => ({ labels: { [name]: value } }))];
}

async function explainIds({ records }: Core, agentIds: readonly string[]): Promise<string[]> {
  const readings = new Map((await records.agents(agentIds)).map(one => [one.agentId, readRecord(one)]));
  return agentIds.slice(0, MOST).flatMap(agentId => {
    const reading = readings.get(agentId);
    if (!reading) return [`${agentId} is no known agent`];
    if (reading.kind === 'unreadable' || isActive(reading.agent.status)) return [];
    return [`${agentId} is ${reading.agent.status}`];
  });
}

/**
 * Why a selector selects nothing: which of its members no active agent has. Empty for an empty selector.
 * @throws KillswitchError `forbidden`, `store_unavailable`
 */
export async function explainNothing(core: Core, command: KillAllCommand): Promise<readonly string[]> {
  const selector = narrow(command.selector, command.actor.within);
  const { agentIds, ...rest } = selector;
  const open = new Set(membersOf(rest));
  if (!agentIds && open.size === 0) return [];
  const ids = agentIds ? await explainIds(core, agentIds) : [];
  for await (const page of open.size > 0 ? core.records.scan('active') : []) {
    for (const stored of page) {
      const reading = readRecord(stored);
      if (reading.kind !== 'agent' || !isActive(reading.agent.status)) continue;
      for (const member of open) if (matches(member, reading.agent)) open.delete(member);
    }
    if (open.size === 0) break;
  }
  const missing = [...open].map(member => `no active agent is among ${describeSelector(member)}`);
  const all = [...ids, ...missing];
  return all.length > 0 ? all : [`no active agent is among ${describeSelector(selector)}`];
}
