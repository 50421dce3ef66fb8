import * as z from 'zod';
import type { AgentRecord, AgentRecords, OperationStatus } from '../client/responses.js';
import type { ApiResponse } from '../triggers/api-request.js';
import { omitUndefined } from '../util/omit-undefined.js';
import { oddInSummary } from './check-receipt.js';
import { summaryShape } from './merge-kill-all.js';
import { missed, notDone, type OriginAnswer, partsOf, sortAnswers } from './origin-answers.js';

const operation = z.looseObject({
  operationId: z.string(),
  state: z.enum(['running', 'ended']),
}) as unknown as z.ZodType<OperationStatus>;
const record = z.looseObject({ agentId: z.string() }) as unknown as z.ZodType<AgentRecord>;
const page = z.looseObject({
  agents: z.array(record),
  cursor: z.string().optional(),
}) as unknown as z.ZodType<AgentRecords>;

function oddInReceipt(receipt: unknown): string | undefined {
  const { data } = summaryShape.safeParse(receipt);
  return data ? oddInSummary(data) : 'its receipt cannot be read';
}

/** Ascending by how much is done. */
const doneOf = ({ state, receipt }: OperationStatus): number =>
  state === 'running' ? (receipt ? 0 : 1) : receipt?.verified ? 3 : 2;

/**
 * Merges the answers to `GET /operations/:operationId`. If several origins know the operation, the least finished answer
 * counts: only one of them runs it, and the others cannot know better.
 */
export function mergeOperation(answers: readonly OriginAnswer[], requestId: string): ApiResponse {
  const sorted = sortAnswers(answers, operation, ({ receipt }) =>
    receipt === undefined ? undefined : oddInReceipt(receipt),
  );
  const [least] = sorted.given.map(({ body }) => body).sort((a, b) => doneOf(a) - doneOf(b));
  return least ? { status: 200, body: least } : notDone(sorted, requestId);
}

/** Merges the answers to `GET /agents/:agentId`: the first origin where the agent is active, else the first that knows it. */
export function mergeAgentRecord(answers: readonly OriginAnswer[], requestId: string): ApiResponse {
  const sorted = sortAnswers(answers, record);
  const known = sorted.given.map(({ body }) => body);
  const one = known.find(({ status }) => status === 'running' || status === 'spawning') ?? known[0];
  return one ? { status: 200, body: one } : notDone(sorted, requestId);
}

const byCode = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

/**
 * Merges the answers to `GET /agents` into one page, by ID. Equal records of several origins are listed once, different
 * ones each. Each origin sends a page of its own, so the merged page ends where the first of them ends: an origin with
 * more has read up to its cursor.
 */
export function mergeAgentPage(
  answers: readonly OriginAnswer[],
  requestId: string,
  { limit }: { readonly limit: number },
): ApiResponse {
  const sorted = sortAnswers(answers, page);
  if (sorted.given.length === 0) return notDone(sorted, requestId);
  const missing = missed(sorted);
  const pages = sorted.given.map(({ body }) => body);
  const texts = new Map(pages.flatMap(({ agents }) => agents).map(agent => [JSON.stringify(agent), agent]));
  const [bound] = pages.flatMap(({ cursor }) => cursor ?? []).sort(byCode);
  const found = [...texts.values()]
    .filter(({ agentId }) => bound === undefined || byCode(agentId, bound) <= 0)
    .sort((a, b) => byCode(a.agentId, b.agentId));
  // A page never ends between two records of one ID, as the next page begins after that ID.
  const end = found[limit - 1]?.agentId ?? '';
  const agents = found.filter(({ agentId }, index) => index < limit || agentId === end);
  const cursor = agents.length < found.length ? agents.at(-1)?.agentId : bound;
  const body = omitUndefined({
    agents,
    cursor,
    errors: missing.length > 0 ? missing : undefined,
    origins: partsOf({ ...sorted, given: [] }),
  });
  return { status: missing.length > 0 ? 202 : 200, body };
}
