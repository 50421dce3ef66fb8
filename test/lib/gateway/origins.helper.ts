import { type ErrorCode, errorRegistry } from '../../../lib/domain/errors.js';
import { type AgentReceipt, areVerified, type LayerOutcome, pendingOf } from '../../../lib/domain/outcome.js';
import { mergeAnswers } from '../../../lib/gateway/merge.js';
import type { ApiRequest, ApiResponse } from '../../../lib/triggers/api-request.js';

/** What origins answer, in the shapes of the contract, and how it comes out merged. */

export const layer = (outcome: LayerOutcome['outcome'], more: Partial<LayerOutcome> = {}): LayerOutcome => ({
  layer: 'container',
  outcome,
  ...more,
});

export const agent = (
  agentId: string,
  outcomes: readonly LayerOutcome[] = [layer('removed')],
  more: Partial<AgentReceipt> = {},
): AgentReceipt => ({
  agentId,
  operationId: 'op-1',
  verified: areVerified(outcomes),
  pending: pendingOf(outcomes),
  outcomes,
  ...more,
});

export const killed = (one: AgentReceipt, more: object = {}, status = 200): ApiResponse => ({
  status,
  body: { message: `Agent ${one.agentId} killed successfully`, ...one, ...more },
});

export const open = (one: AgentReceipt, more: object = {}): ApiResponse =>
  killed(one, { message: `Agent ${one.agentId} is not confirmed dead`, ...more }, 202);

export const summary = (agents: readonly AgentReceipt[], more: object = {}, status = 200): ApiResponse => ({
  status,
  body: {
    operationId: 'op-1',
    message: 'as many as there are',
    verified: agents.every(({ verified }) => verified),
    total: agents.length,
    killed: agents.length,
    failed: 0,
    pending: 0,
    refused: 0,
    agents,
    ...more,
  },
});

export const problem = (code: ErrorCode, detail: string = errorRegistry[code].title): ApiResponse => {
  const { status, title } = errorRegistry[code];
  return {
    status,
    body: { type: `urn:killswitch:error:${code}`, title, status, detail, code, requestId: 'x' },
  };
};

export const silent = undefined;

// biome-ignore lint/suspicious/noExplicitAny: what comes out is looked at member by member
type Merged = { readonly status: number; readonly body: any };

/** By the names of the origins. */
export type Answers = Readonly<Record<string, ApiResponse | undefined>>;

const merge =
  (method: ApiRequest['method'], path: string) =>
  (answers: Answers): Merged => {
    const all = Object.entries(answers).map(([origin, answer]) => ({ origin, answer }));
    return mergeAnswers({ method, path }, all, 'r1');
  };

export const kill = merge('POST', '/agents/a1/kill');
export const killAll = merge('POST', '/agents/kill-all');
export const latch = {
  GET: merge('GET', '/latch'),
  POST: merge('POST', '/latch'),
  DELETE: merge('DELETE', '/latch'),
};
export const get = (path: string, answers: Answers): Merged => merge('GET', path)(answers);
