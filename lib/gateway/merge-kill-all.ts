import * as z from 'zod';
import type { AgentReceipt, Receipt } from '../domain/outcome.js';
import { degradedMessage, dryRunMessage, killAllMessage } from '../domain/wording.js';
import type { ApiResponse } from '../triggers/api-request.js';
import { omitUndefined } from '../util/omit-undefined.js';
import { MAX_LISTED, oddInSummary } from './check-receipt.js';
import {
  agentShape,
  type Counts,
  countsOf,
  groupAgents,
  isOpen,
  mergeAgent,
  mergeSentences,
} from './merge-receipts.js';
import { mergeWarnings } from './merge-warnings.js';
import { missed, notDone, type OriginAnswer, partsOf, sortAnswers } from './origin-answers.js';

const count = z.int().min(0);
export const summaryShape = z.looseObject({
  operationId: z.string(),
  message: z.string(),
  verified: z.boolean(),
  dryRun: z.literal(true).optional(),
  incomplete: z.literal(true).optional(),
  degraded: z.literal(true).optional(),
  total: count,
  killed: count,
  failed: count,
  pending: count,
  refused: count.default(0),
  errors: z.array(z.string()).optional(),
  agents: z.array(agentShape),
}) as unknown as z.ZodType<Receipt>;

type Groups = readonly (readonly AgentReceipt[])[];

/**
 * The sum of the counts, minus agents that several origins list. Beyond the first 1,000 of each origin agents are not
 * listed, so one may be counted twice there.
 */
function sum(receipts: readonly Receipt[], groups: Groups, dryRun: boolean): Counts {
  const counted = (agent: AgentReceipt): Counts =>
    dryRun ? { total: 1, killed: 0, pending: 0, refused: 0 } : countsOf(agent);
  const shared = groups.filter(group => group.length > 1);
  const total = (name: keyof Counts): number => {
    const add = (sum: number, agent: AgentReceipt): number => sum + counted(agent)[name];
    const twice = shared.flat().reduce(add, 0) - shared.map(mergeAgent).reduce(add, 0);
    return Math.max(0, receipts.reduce((all, receipt) => all + receipt[name], 0) - twice);
  };
  const all = total('total');
  return {
    total: all,
    killed: Math.min(all, total('killed')),
    pending: total('pending'),
    refused: total('refused'),
  };
}

/**
 * Merges the answers to `POST /agents/kill-all` into one receipt. An origin that is silent or refuses is named in
 * `errors`; the receipt is then incomplete, not verified, and 202.
 */
export function mergeKillAll(answers: readonly OriginAnswer[], requestId: string): ApiResponse {
  const sorted = sortAnswers(answers, summaryShape, oddInSummary);
  const { given } = sorted;
  const [one] = given;
  if (!one) return notDone(sorted, requestId);

  const receipts = given.map(({ body }) => body);
  const missing = missed(sorted);
  const groups = groupAgents(receipts.flatMap(({ agents }) => agents));
  const agents = groups.map(mergeAgent);
  const isShared = new Set(groups.filter(({ length }) => length > 1).map(([first]) => first?.agentId));
  const dryRun = receipts.some(receipt => receipt.dryRun);
  const degraded = receipts.some(receipt => receipt.degraded);
  const incomplete = missing.length > 0 || receipts.some(receipt => receipt.incomplete);
  const counts = sum(receipts, groups, dryRun);
  const failed = dryRun ? 0 : counts.total - counts.killed;
  const errors = [
    ...missing,
    ...mergeSentences(
      receipts.map(receipt => receipt.errors),
      groups,
    ),
  ].slice(0, MAX_LISTED);
  // An agent that is open at one origin is open here, unless another origin lists it as settled.
  const isSettled = given.every(
    ({ status, body }) =>
      status === 200 || body.agents.some(agent => isOpen(agent) && isShared.has(agent.agentId)),
  );
  const isProven = receipts.every(({ verified, total, agents }) => verified || total === agents.length);
  const open = failed + counts.pending + counts.refused > 0 || incomplete || degraded || !isSettled;
  const message = dryRun
    ? dryRunMessage(counts.total)
    : degraded
      ? degradedMessage(agents.filter(({ verified }) => verified).length, counts.total)
      : killAllMessage(counts, incomplete);
  const warnings = mergeWarnings(
    given.map(({ body }) => body.warnings),
    agents,
  );
  const body = omitUndefined({
    operationId: one.body.operationId,
    message: [message, ...missing].join('; '),
    dryRun: dryRun || undefined,
    incomplete: incomplete || undefined,
    degraded: degraded || undefined,
    verified: counts.total > 0 && !open && !dryRun && isProven && agents.every(({ verified }) => verified),
    ...counts,
    failed,
    errors: errors.length > 0 ? errors : undefined,
    warnings: warnings.length > 0 ? warnings : undefined,
    agents: agents.slice(0, MAX_LISTED),
    origins: partsOf(sorted),
  });
  return { status: open ? 202 : 200, body };
}
