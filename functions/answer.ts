import type { Context } from 'hono';
import type { Receipt } from '../lib/outcome.js';
import { present } from '../lib/present.js';
import type { Env } from './function.js';

/** 202 while anything is unconfirmed: an agent not reached or not seen dead, a refusal, a clean-up that is owed. */
const statusOf = ({ failed, pending, refused, incomplete }: Receipt): 200 | 202 =>
  failed > 0 || pending > 0 || refused > 0 || incomplete ? 202 : 200;

/** One agent's receipt, with the members that the contract names on top. */
export function killAnswer(c: Context<Env>, receipt: Receipt): Response {
  const { agents, message, operationId, verified, errors, dryRun, incomplete } = receipt;
  const extra = present({ dryRun, incomplete, errors });
  return c.json({ message, operationId, verified, ...agents[0], ...extra }, statusOf(receipt));
}

export const killAllAnswer = (c: Context<Env>, receipt: Receipt): Response =>
  c.json(receipt, statusOf(receipt));
