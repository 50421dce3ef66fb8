import type { z } from 'zod';
import type { Actor, Scope } from '../domain/actor.js';
import type {
  engageBodySchema,
  killAllBodySchema,
  killBodySchema,
  resetBodySchema,
} from '../domain/command.js';
import { present } from '../util/omit-undefined.js';

/** What a trigger asks for, as the request of the HTTP contract that it comes to. */
export interface Order {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: object;
  /** `Idempotency-Key`: the same delivery is the same operation. */
  readonly key?: string;
}

/** The answer of the HTTP contract: a receipt, or a problem. */
export interface Answered {
  readonly status: number;
  readonly body: unknown;
}

/**
 * Carries out an order in somebody's name: in this process, or at the hosts behind a gateway. Answers, whatever
 * happens, as the HTTP contract does; never rejects.
 */
export type Perform = (actor: Actor, order: Order) => Promise<Answered>;

export const killOrder = (agentId: string, body: z.input<typeof killBodySchema> = {}, key?: string): Order =>
  present({ method: 'POST', path: `/agents/${encodeURIComponent(agentId)}/kill`, body, key });

export const killAllOrder = (body: z.input<typeof killAllBodySchema> = {}, key?: string): Order =>
  present({ method: 'POST', path: '/agents/kill-all', body, key });

export const engageOrder = (body: z.input<typeof engageBodySchema> = {}, key?: string): Order =>
  present({ method: 'POST', path: '/latch', body, key });

export const resetOrder = (body: z.input<typeof resetBodySchema>, key?: string): Order =>
  present({ method: 'DELETE', path: '/latch', body, key });

/** Somebody whom a platform vouches for. @param subject such as `github:octocat` @param source where it was asked from */
export const vouchedFor = (subject: string, scopes: Iterable<Scope>, source?: string): Actor => ({
  kind: 'trigger',
  subject,
  scopes: new Set(scopes),
  within: {},
  ...(source !== undefined && { source }),
});
