import type { z } from 'zod';
import {
  type ApiRequest,
  type ApiResponse,
  engageLatchRequest,
  killAllRequest,
  killRequest,
  resetLatchRequest,
} from '../triggers/api-request.js';
import { shapes } from './command-shapes.js';
import type { Commands } from './commands.js';
import { toClientError, unexpected } from './error.js';
import { checkedId, operationPath, searchPath } from './paths.js';
import type { Answer } from './responses.js';

/** Sends a request of the HTTP contract, and gives its answer as it came; the body is `undefined` if it is not JSON. */
export type Send<R = ApiRequest> = (request: R) => Promise<ApiResponse>;

/**
 * An answer in the shape that is expected.
 * @param also a status that is an answer too, beside those from 200 to 299
 * @throws ClientError
 */
export function readAnswer<T>({ status, body }: ApiResponse, shape: z.ZodType<T>, also?: number): T {
  if ((status < 200 || status > 299) && status !== also) throw toClientError(status, body);
  const { data } = shape.safeParse(body);
  if (data === undefined) throw unexpected(status, body);
  return data;
}

/** The commands, as requests of the HTTP contract. Every method rejects with a `ClientError`. */
export function commandsOver(send: Send): Commands {
  async function stop<R extends { readonly verified: boolean }>(
    request: ApiRequest,
    shape: z.ZodType<R>,
  ): Promise<Answer<R>> {
    const answered = await send(request);
    const receipt = readAnswer(answered, shape);
    const { status } = answered;
    if (status !== 200 && status !== 202) throw unexpected(status, answered.body);
    return { status, confirmed: status === 200 && receipt.verified, receipt };
  }
  const ask = async <T>(request: ApiRequest, shape: z.ZodType<T>): Promise<T> =>
    readAnswer(await send(request), shape);

  return {
    kill: async (agentId, body, { idempotencyKey: key } = {}) =>
      stop(killRequest(checkedId(agentId), body, key), shapes.kill),
    killAll: (body, { idempotencyKey: key } = {}) => stop(killAllRequest(body, key), shapes.killAll),
    latch: {
      status: () => ask({ method: 'GET', path: '/latch' }, shapes.latch),
      engage: (body, { idempotencyKey: key } = {}) => ask(engageLatchRequest(body, key), shapes.latch),
      reset: (body, { idempotencyKey: key } = {}) => ask(resetLatchRequest(body, key), shapes.latch),
    },
    operation: operationId => ask({ method: 'GET', path: operationPath(operationId) }, shapes.operation),
    agents: {
      list: query => ask({ method: 'GET', path: searchPath('/agents', query) }, shapes.agents),
    },
  };
}
