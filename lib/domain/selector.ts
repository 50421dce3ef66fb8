import * as z from 'zod';
import type { Frozen } from '../util/frozen.js';
import { type Agent, agentIdSchema, sources, statuses } from './agent.js';

/** Which agents. An empty selector selects every active agent; members narrow it together; lists are "any of". */
export const selectorSchema = z.strictObject({
  agentIds: z.array(agentIdSchema).max(10_000).optional(),
  taskId: z.string().min(1).max(1024).optional(),
  host: z.string().min(1).max(255).optional(),
  status: z.union([z.enum(statuses), z.array(z.enum(statuses)).min(1)]).optional(),
  labels: z.record(z.string().min(1).max(128), z.string().max(1024)).optional(),
  source: z.enum(sources).optional(),
  detector: z.string().min(1).max(128).optional(),
});
export type Selector = Frozen<z.infer<typeof selectorSchema>>;

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
