import { type Hold, isUnverified, type Latch } from '../../lib/agents/latch.js';
import type { Within } from '../../lib/domain/actor.js';
import type { Receipt } from '../../lib/domain/outcome.js';
import type { Selector } from '../../lib/domain/selector.js';
import { omitUndefined } from '../../lib/util/omit-undefined.js';

/**
 * 202 while anything is unconfirmed: an agent was not reached or not seen dead, something is pending or could not be
 * checked, or the store has no record of the stop.
 */
export const statusOf = ({ failed, pending, refused, incomplete, degraded }: Receipt): 200 | 202 =>
  failed > 0 || pending > 0 || refused > 0 || incomplete || degraded ? 202 : 200;

/** The receipt of one agent: its members at the top level, beside those of the operation. */
export function killReceipt(receipt: Receipt) {
  const { agents, message, operationId, verified, ...more } = receipt;
  const { errors, warnings, dryRun, incomplete, degraded } = more;
  const extra = omitUndefined({ dryRun, incomplete, degraded, errors, warnings });
  return { message, operationId, verified, ...agents[0], ...extra };
}

const shownHold = ({ operationId: _, ...hold }: Hold): Omit<Hold, 'operationId'> => hold;

type Shown = Omit<Hold, 'operationId'>;

/** The reason that a narrowed credential sees of a hold that it may not read. */
const HIDDEN = 'It may cover these agents too; a narrowed credential is not shown more';

/**
 * A hold as a narrowed credential may read it: all of it if the hold covers every agent or only agents that the
 * credential covers; nothing if it covers none of them; if that cannot be determined, as with labels, only that there
 * is one.
 */
function holdWithin(hold: Hold, within: Within): Shown | undefined {
  const { agentIds, taskId, host, ...others } = hold.selector;
  const { agentId } = within;
  const isApart = (asked: string | undefined, own: string | undefined): boolean =>
    asked !== undefined && own !== undefined && asked !== own;
  if (isApart(taskId, within.taskId) || isApart(host, within.host)) return undefined;
  if (agentIds && agentId !== undefined && !agentIds.includes(agentId)) return undefined;
  const isKnown =
    Object.values(others).every(member => member === undefined) &&
    (agentIds === undefined || agentId !== undefined) &&
    (taskId === undefined || taskId === within.taskId) &&
    (host === undefined || host === within.host);
  const own = omitUndefined<Selector>({
    agentIds: agentId === undefined ? undefined : [agentId],
    ...taskAndHost(within),
  });
  if (!isKnown) return { since: hold.since, by: '(not shown)', reason: HIDDEN, selector: own };
  return shownHold(agentIds ? { ...hold, selector: { ...hold.selector, agentIds: own.agentIds } } : hold);
}

const taskAndHost = ({ taskId, host }: Within) => ({ taskId, host });

/**
 * The first hold at the top level, and all of them in `holds` if there are several.
 * @param within what the credential is narrowed to; holds outside of it are left out
 */
export function latchAnswer(latch: Latch, within: Within = {}) {
  const { engaged, holds } = latch;
  const isNarrowed = Object.keys(within).length > 0;
  const shown = holds.flatMap(hold => (isNarrowed ? (holdWithin(hold, within) ?? []) : shownHold(hold)));
  return {
    // Engaged without holds means that the latch cannot be read, so it covers every agent.
    engaged: engaged && (holds.length === 0 || shown.length > 0),
    ...shown[0],
    ...(isUnverified(latch) && { unverified: true as const }),
    ...(shown.length > 1 && { holds: shown }),
  };
}
