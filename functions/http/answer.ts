import { type Hold, isUnverified, type Latch } from '../../lib/agents/latch.js';
import type { Within } from '../../lib/domain/actor.js';
import type { Receipt } from '../../lib/domain/outcome.js';
import type { Selector } from '../../lib/domain/selector.js';
import { omitUndefined } from '../../lib/util/omit-undefined.js';

/**
 * 202 while anything is unconfirmed: an agent not reached or not seen dead, something owed, something that could not be
 * looked at, or a store that does not know of it.
 */
export const statusOf = ({ failed, pending, refused, incomplete, degraded }: Receipt): 200 | 202 =>
  failed > 0 || pending > 0 || refused > 0 || incomplete || degraded ? 202 : 200;

/** One agent's receipt, with the members that the contract names on top. */
export function killReceipt(receipt: Receipt) {
  const { agents, message, operationId, verified, ...more } = receipt;
  const { errors, warnings, dryRun, incomplete, degraded } = more;
  const extra = omitUndefined({ dryRun, incomplete, degraded, errors, warnings });
  return { message, operationId, verified, ...agents[0], ...extra };
}

const shownHold = ({ operationId: _, ...hold }: Hold): Omit<Hold, 'operationId'> => hold;

type Shown = Omit<Hold, 'operationId'>;

/** Of a hold that a credential may not read: that there is one which may concern what the credential covers. */
const HIDDEN = 'It may hold here too; more of it is not shown to a credential that is narrowed';

/**
 * A hold, as a narrowed credential may read it: whole where it is for everybody or lies inside; nothing of it where
 * it lies outside; that there is one where that cannot be told, as of a label.
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
 * The first hold; and all of them, where there are several.
 * @param within what the credential that asks is narrowed to: it is answered for that alone
 */
export function latchAnswer(latch: Latch, within: Within = {}) {
  const { engaged, holds } = latch;
  const isNarrowed = Object.keys(within).length > 0;
  const shown = holds.flatMap(hold => (isNarrowed ? (holdWithin(hold, within) ?? []) : shownHold(hold)));
  return {
    // Without holds while it is engaged, it cannot be read and is for everybody.
    engaged: engaged && (holds.length === 0 || shown.length > 0),
    ...shown[0],
    ...(isUnverified(latch) && { unverified: true as const }),
    ...(shown.length > 1 && { holds: shown }),
  };
}
