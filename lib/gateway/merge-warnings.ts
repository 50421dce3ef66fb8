import type { AgentReceipt } from '../domain/outcome.js';
import { isLocalWarning, isUnseen, isUnseenWarning, unseenWarning } from '../domain/wording.js';

type Warnings = readonly string[] | undefined;

/** How many agents one warning names. */
const NAMED = 5;

/**
 * Merges the warnings of several origins. What one could not see, or left running, is kept; that an agent is unknown is
 * kept only if all say so; which agents were never seen running is computed anew from the merged agents.
 */
export function mergeWarnings(told: readonly Warnings[], agents: readonly AgentReceipt[]): string[] {
  const all = [...new Set(told.flatMap(warnings => warnings ?? []))].filter(one => !isUnseenWarning(one));
  const kept = all.filter(one => isLocalWarning(one) || told.every(warnings => warnings?.includes(one)));
  const unseen = agents.filter(isUnseen).map(({ agentId }) => agentId);
  const named = unseen.slice(0, NAMED);
  return [...kept, ...(unseen.length > 0 ? [unseenWarning(named, unseen.length - named.length)] : [])];
}
