import { type Agent, isActive } from './agent.js';
import type { Selector } from './command.js';
import type { Records } from './ports.js';
import { type Reading, readRecord } from './record.js';

const anyOf = <T>(wanted: T | readonly T[] | undefined, value: T): boolean =>
  wanted === undefined || (Array.isArray(wanted) ? wanted.includes(value) : wanted === value);

/** Whether a record is among the selected. Every member of the selector must hold. */
export function matches(selector: Selector, agent: Agent): boolean {
  return (
    anyOf(selector.agentIds, agent.agentId) &&
    anyOf(selector.status, agent.status) &&
    (selector.taskId === undefined || selector.taskId === agent.taskId) &&
    (selector.host === undefined || selector.host === agent.host) &&
    Object.entries(selector.labels ?? {}).every(([name, value]) => agent.labels[name] === value)
  );
}

/** A record that cannot be read may hide an active agent, unless the selector asks for what it does not show. */
function mayBeSelected({ agentIds, status, taskId, host, labels }: Selector, agentId: string): boolean {
  const asksForContent = [status, taskId, host, labels].some(member => member !== undefined);
  return !asksForContent && anyOf(agentIds, agentId);
}

const isTarget = (selector: Selector, reading: Reading): boolean =>
  reading.kind === 'agent'
    ? isActive(reading.agent.status) && matches(selector, reading.agent)
    : mayBeSelected(selector, reading.agentId);

/**
 * The agents to stop, page by page: first through the index, which is fast, then through every record, which also
 * finds those that other programs wrote. One that was stopped in between is not active any more and drops out.
 */
export async function* select(records: Records, selector: Selector): AsyncGenerator<readonly Reading[]> {
  if (selector.agentIds) {
    const stored = await records.agents([...new Set(selector.agentIds)]);
    yield stored.map(readRecord).filter(reading => isTarget(selector, reading));
    return;
  }
  for (const scope of ['active', 'all'] as const) {
    for await (const page of records.scan(scope)) {
      yield page.map(readRecord).filter(reading => isTarget(selector, reading));
    }
  }
}
