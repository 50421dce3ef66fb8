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
 * Merges the answers of all origins to one request into one answer of the HTTP contract. Origins may share a store, and
 * then answer for the same agents, or each may have its own. The merged answer never says more than every origin does:
 * - 200 only if every origin has answered and nothing is open
 * - 202 if some did it and the others are silent or refuse: those are named in `errors`, and nothing is verified
 * - a problem if none did it: the origins' own if all refuse, else `origins_unavailable` (503)
 *
 * In addition to the members of the contract there is `origins`: `{name, status?, operationId?, engaged?}` for each.
 * @param requestId for a problem document
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
