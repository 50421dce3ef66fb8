import { answered, stopAnswer } from '../../lib/client/answered.js';
import type { Commands } from '../../lib/client/commands.js';
import type { KillAllBody, KillBody } from '../../lib/domain/command.js';
import {
  type ApiRequest,
  type ApiResponse,
  killAllRequest,
  killRequest,
} from '../../lib/triggers/api-request.js';

/** A stop that an event asks for. `key`: its idempotency key, so that a repeated delivery is the same operation. */
export type StopOrder = { readonly key: string } & (
  | { readonly type: 'kill'; readonly agentId: string; readonly body: KillBody }
  | { readonly type: 'kill-all'; readonly body: KillAllBody }
);

type KillOrder = Extract<StopOrder, { type: 'kill' }>;
type KillAllOrder = Extract<StopOrder, { type: 'kill-all' }>;

export const killOrder = (agentId: string, body: KillOrder['body'], key: string): KillOrder => ({
  type: 'kill',
  agentId,
  body,
  key,
});

export const killAllOrder = (body: KillAllOrder['body'], key: string): KillAllOrder => ({
  type: 'kill-all',
  body,
  key,
});

/** The order as a request to the HTTP API. */
export const requestOf = (order: StopOrder): ApiRequest =>
  order.type === 'kill'
    ? killRequest(order.agentId, order.body, order.key)
    : killAllRequest(order.body, order.key);

/** Carries the order out. @returns the answer of the HTTP API */
export function carryOut(commands: Commands, order: StopOrder): Promise<ApiResponse> {
  const once = { idempotencyKey: order.key };
  return order.type === 'kill'
    ? answered(commands.kill(order.agentId, order.body, once), stopAnswer)
    : answered(commands.killAll(order.body, once), stopAnswer);
}
