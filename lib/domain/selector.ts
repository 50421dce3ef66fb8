import * as z from 'zod';
import type { Frozen } from '../util/frozen.js';
import { type Agent, agentIdSchema, sources, statuses } from './agent.js';

/** Selects agents: all members must match, a list means any of its values. Empty: every active agent. */
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

/** As a set: searching the list for each agent would make a kill-all by IDs quadratic. */
function isListed(agentIds: readonly string[], agentId: string): boolean {
  let set = sets.get(agentIds);
  if (!set) {
    set = new Set(agentIds);
    sets.set(agentIds, set);
  }
  return set.has(agentId);
}

/** Whether the selector selects an agent, by its record. */
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

/** Whether an unreadable record may be selected: only if the selector asks for nothing but IDs. */
export function mayBeSelected({ agentIds, ...content }: Selector, agentId: string): boolean {
  const asksForContent = Object.values(content).some(member => member !== undefined);
  return !asksForContent && (agentIds === undefined || isListed(agentIds, agentId));
}
