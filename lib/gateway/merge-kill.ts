import * as z from 'zod';
import type { KillReceipt } from '../client/responses.js';
import type { AgentReceipt } from '../domain/outcome.js';
import type { ApiResponse } from '../triggers/api-request.js';
import { omitUndefined } from '../util/omit-undefined.js';
import { oddInKill } from './check-receipt.js';
import {
  agentShape,
  groupAgents,
  isOneRecord,
  isOpen,
  mergeAgent,
  mergeSentences,
} from './merge-receipts.js';
import { mergeWarnings } from './merge-warnings.js';
import { missed, notDone, type OriginAnswer, partsOf, sortAnswers } from './origin-answers.js';

/** A receipt of one agent's kill; without the agent's part if the origin's store did not answer. */
type MergedKill = Pick<KillReceipt, 'message' | 'operationId' | 'verified' | 'dryRun'> &
  Partial<Pick<KillReceipt, 'incomplete' | 'degraded' | 'errors' | 'warnings'>>;

const told = z.looseObject({
  message: z.string(),
  operationId: z.string(),
  verified: z.boolean(),
  dryRun: z.literal(true).optional(),
  incomplete: z.literal(true).optional(),
  degraded: z.literal(true).optional(),
  errors: z.array(z.string()).optional(),
  warnings: z.array(z.string()).optional(),
}) as unknown as z.ZodType<MergedKill>;

/**
 * Merges the answers to `POST /agents/:agentId/kill`. 200 if all origins have answered and each that knows the agent says
 * 200; an origin that does not know the agent, or where it no longer runs, does not count. 202, and not verified, while
 * one is silent or refuses.
 */
export function mergeKill(agentId: string, answers: readonly OriginAnswer[], requestId: string): ApiResponse {
  const sorted = sortAnswers(answers, told, (body, status) =>
    oddInKill(agentId, { ...body, agent: agentsIn(body)[0] }, status),
  );
  const { given } = sorted;
  const [one] = given;
  if (!one) return notDone(sorted, requestId);

  const missing = missed(sorted, 'agent_not_found', 'invalid_state');
  const parts = given.flatMap(({ body }) => agentsIn(body));
  const groups = groupAgents(parts);
  const agent = groups[0] && mergeAgent(groups[0]);
  const degraded = given.some(({ body }) => body.degraded);
  const isPartial = given.some(({ body }) => body.incomplete) || groups.length > 1;
  const hasWord = parts.length === given.length && isOneRecord(parts) && agent && !isOpen(agent);
  const isDone = given.every(({ status }) => status === 200 || hasWord) && given.some(is200);
  const isSure = missing.length === 0 && !degraded && !isPartial;
  const status = isSure && isDone ? 200 : 202;
  const speaker = given.find(({ status }) => (isDone ? status === 200 : status === 202)) ?? one;
  const errors = [
    ...missing,
    ...mergeSentences(
      given.map(({ body }) => body.errors),
      groups,
    ),
  ];
  const warnings = mergeWarnings(
    given.map(({ body }) => body.warnings),
    agent ? [agent] : [],
  );
  const body = omitUndefined({
    ...agent,
    operationId: agent?.operationId ?? one.body.operationId,
    message: [speaker.body.message, ...missing].join('; '),
    verified: isSure && agent?.verified === true && given.some(({ body }) => body.verified),
    dryRun: given.some(({ body }) => body.dryRun) || undefined,
    incomplete: isPartial || missing.length > 0 || undefined,
    degraded: degraded || undefined,
    errors: errors.length > 0 ? errors : undefined,
    warnings: warnings.length > 0 ? warnings : undefined,
    origins: partsOf(sorted),
  });
  return { status, body };
}

/** The agent's part of a receipt, if it has one, without the members of the whole. */
function agentsIn(body: MergedKill): AgentReceipt[] {
  const { data } = agentShape.safeParse(body);
  return data ? [data] : [];
}

const is200 = ({ status }: { readonly status: number }): boolean => status === 200;
