import type { Actor, Scope } from '../domain/actor.js';
import type { EngageBody, KillAllBody, KillBody, ResetBody } from '../domain/command.js';
import { omitUndefined } from '../util/omit-undefined.js';

/** A request of the HTTP contract. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: object;
  /** `Idempotency-Key`: the same delivery is the same operation. */
  readonly key?: string;
}

/** The answer of the HTTP contract: a receipt, or a problem. */
export interface ApiResponse {
  readonly status: number;
  readonly body: unknown;
}

export const killRequest = (agentId: string, body: KillBody = {}, key?: string): ApiRequest =>
  omitUndefined({ method: 'POST', path: `/agents/${encodeURIComponent(agentId)}/kill`, body, key });

export const killAllRequest = (body: KillAllBody = {}, key?: string): ApiRequest =>
  omitUndefined({ method: 'POST', path: '/agents/kill-all', body, key });

export const engageLatchRequest = (body: EngageBody = {}, key?: string): ApiRequest =>
  omitUndefined({ method: 'POST', path: '/latch', body, key });

export const resetLatchRequest = (body: ResetBody, key?: string): ApiRequest =>
  omitUndefined({ method: 'DELETE', path: '/latch', body, key });

/** The actor for a user that a platform has verified. @param subject such as `github:octocat` @param source the client's address */
export const triggerActor = (subject: string, scopes: Iterable<Scope>, source?: string): Actor => ({
  kind: 'trigger',
  subject,
  scopes: new Set(scopes),
  within: {},
  ...(source !== undefined && { source }),
});
