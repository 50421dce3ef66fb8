import { KillswitchError, toProblem } from '../domain/errors.js';
import type { ApiRequest, ApiResponse } from '../triggers/api-request.js';
import { mergeKill } from './merge-kill.js';
import { mergeKillAll } from './merge-kill-all.js';
import { mergeLatch } from './merge-latch.js';
import { mergeAgentPage, mergeAgentRecord, mergeOperation } from './merge-reads.js';
import type { OriginAnswer } from './origin-answers.js';

const DEFAULT_LIMIT = 100;

const limitIn = (query: string): number => {
  const asked = Number(new URLSearchParams(query).get('limit') ?? DEFAULT_LIMIT);
  return Number.isInteger(asked) && asked > 0 ? asked : DEFAULT_LIMIT;
};

/**
 * The answers of all origins to one order, as the one answer of the HTTP contract. The origins may share a store, and
 * then several of them tell of the same agents, or each may have its own. What is true of one of them alone is never
 * said of all:
 * - 200 only if every origin has answered, and nothing is open anywhere
 * - 202 where some did it, and the others are silent or refuse: they are named in `errors`, nothing is verified
 * - a problem where none did it: the origins' own if all of them refuse, or else `origins_unavailable` (503)
 *
 * On top of the members of the contract there is `origins`: `{name, status?, operationId?, engaged?}` for each.
 * @param requestId for a problem
 */
export function mergeAnswers(
  { method, path }: Pick<ApiRequest, 'method' | 'path'>,
  answers: readonly OriginAnswer[],
  requestId: string,
): ApiResponse {
  const [plain = '', query = ''] = path.split('?', 2);
  const line = `${method} ${plain}`;
  if (line === 'POST /agents/kill-all') return mergeKillAll(answers, requestId);
  const [, killed] = /^POST \/agents\/([^/]+)\/kill$/.exec(line) ?? [];
  if (killed !== undefined) return mergeKill(decodeURIComponent(killed), answers, requestId);
  if (plain === '/latch') return mergeLatch(method, answers, requestId);
  if (line === 'GET /agents') return mergeAgentPage(answers, requestId, { limit: limitIn(query) });
  if (/^GET \/agents\/[^/]+$/.test(line)) return mergeAgentRecord(answers, requestId);
  if (/^GET \/operations\/[^/]+$/.test(line)) return mergeOperation(answers, requestId);
  const error = new KillswitchError('not_found');
  return { status: error.status, body: toProblem(error, requestId) };
}
