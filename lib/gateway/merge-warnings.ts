import type { AgentReceipt } from '../domain/outcome.js';
import { isLocalWarning, isUnseen, isUnseenWarning, unseenWarning } from '../domain/wording.js';

type Warnings = readonly string[] | undefined;

/** How many agents one warning names. */
const NAMED = 5;

/**
 * The warnings of several origins. What one of them could not see, or left running, stays true of the whole; that
 * something is unknown to one is true only where all say so; what was never seen running is said anew of the agents as
 * they were merged.
 */
export function mergeWarnings(told: readonly Warnings[], agents: readonly AgentReceipt[]): string[] {
  const all = [...new Set(told.flatMap(warnings => warnings ?? []))].filter(one => !isUnseenWarning(one));
  const kept = all.filter(one => isLocalWarning(one) || told.every(warnings => warnings?.includes(one)));
  const unseen = agents.filter(isUnseen).map(({ agentId }) => agentId);
  const named = unseen.slice(0, NAMED);
  return [...kept, ...(unseen.length > 0 ? [unseenWarning(named, unseen.length - named.length)] : [])];
}
