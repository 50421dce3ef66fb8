import { isActive } from '../domain/agent.js';
import { narrow } from '../domain/authorize.js';
import type { KillAllCommand } from '../domain/command.js';
import { readRecord } from '../domain/record.js';
import type { Selector } from '../domain/selector.js';
import { matches } from '../domain/selector.js';
import { describeSelector } from '../domain/wording.js';
import type { Core } from '../ports/core.js';

/** How many agents are explained one by one. */
const MOST = 10;

/** One selector for each of its members. */
function membersOf({ labels = {}, ...rest }: Selector): Selector[] {
  const single = Object.entries(rest).flatMap(([name, value]) =>
    value === undefined ? [] : [{ [name]: value } as Selector],
  );
  return [...single, ...Object.entries(labels).map(([name, value]) => ({ labels: { [name]: value } }))];
}

/** Those that the command did not stop, for they are unknown or have ended. */
async function explainIds(
  { records }: Core,
  { operationId, dryRun }: KillAllCommand,
  agentIds: readonly string[],
): Promise<string[]> {
  const readings = new Map((await records.agents(agentIds)).map(one => [one.agentId, readRecord(one)]));
  return agentIds.slice(0, MOST).flatMap(agentId => {
    const reading = readings.get(agentId);
    if (!reading) return [`${agentId} is no known agent`];
    if (reading.kind === 'unreadable' || isActive(reading.agent.status)) return [];
    const { status, kill } = reading.agent;
    const isOurs = kill?.operationId === operationId || (!dryRun && (kill?.pending.length ?? 0) > 0);
    return isOurs ? [] : [`${agentId} is ${status}`];
  });
}

/**
 * Which agents of a selector were not found to be active, and, where it selected nothing, which of its members no
 * active agent has. Empty for an empty selector.
 * @throws KillswitchError `forbidden`, `store_unavailable`
 */
export async function explainUnmatched(
  core: Core,
  command: KillAllCommand,
  { isEmpty }: { readonly isEmpty: boolean },
): Promise<readonly string[]> {
  const selector = narrow(command.selector, command.actor.within);
  const { agentIds, ...rest } = selector;
  const ids = agentIds ? await explainIds(core, command, agentIds) : [];
  const open = new Set(membersOf(rest));
  if (!isEmpty || (!agentIds && open.size === 0)) return ids;
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
