import type { Context } from 'hono';
import type { Hold, Latch } from '../lib/latch.js';
import type { Receipt } from '../lib/outcome.js';
import { present } from '../lib/present.js';
import type { Env } from './function.js';

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
  const extra = present({ dryRun, incomplete, degraded, errors, warnings });
  return { message, operationId, verified, ...agents[0], ...extra };
}

export const killAnswer = (c: Context<Env>, receipt: Receipt): Response =>
  c.json(killReceipt(receipt), statusOf(receipt));

const shownHold = ({ operationId: _, ...hold }: Hold): Omit<Hold, 'operationId'> => hold;

/** The first hold; and all of them, where there are several. */
export const latchAnswer = ({ engaged, holds }: Latch) => ({
  engaged,
  ...(holds[0] && shownHold(holds[0])),
  ...(holds.length > 1 && { holds: holds.map(shownHold) }),
});

export const killAllAnswer = (c: Context<Env>, receipt: Receipt): Response =>
  c.json(receipt, statusOf(receipt));
