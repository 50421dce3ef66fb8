import * as z from 'zod';
import { agentIdSchema, sources, statuses } from './agent.js';

export const scopes = [
  'agents:kill',
  'agents:kill-all',
  'agents:read',
  'agents:write',
  'latch:engage',
  'latch:reset',
  'audit:read',
] as const;
export type Scope = (typeof scopes)[number];

/** What a credential is narrowed to: nothing outside may be touched or seen with it. */
export interface Within {
  readonly agentId?: string;
  readonly taskId?: string;
  readonly host?: string;
}

/** Who asks, from the verified credential and never from the body. */
export interface Actor {
  readonly kind: 'token' | 'local' | 'trigger';
  readonly subject: string;
  readonly scopes: ReadonlySet<Scope>;
  readonly within: Within;
  /** Where the request came from: an IP address, `socket` (the unix socket) or `local` (in this process). */
  readonly source?: string;
  /** The token's `jti`. */
  readonly tokenId?: string;
  /** A single-use token that could not be checked against its earlier uses: it may stop, and nothing else. */
  readonly unconfirmed?: true;
  /**
   * An order that a gateway passes on, of which it is not known here whether it is meant for this server: it may
   * stop, and nothing else.
   */
  readonly unaddressed?: true;
  /** An order whose signature does not hold: it is carried out, because it stops, and in no other name than this. */
  readonly unverified?: true;
}

/** Which agents. An empty selector selects every active agent; members narrow it together; lists are "any of". */
export const selectorSchema = z.strictObject({
  agentIds: z.array(agentIdSchema).max(10_000).optional(),
  taskId: z.string().min(1).max(1024).optional(),
  host: z.string().min(1).max(255).optional(),
  status: z.union([z.enum(statuses), z.array(z.enum(statuses)).min(1)]).optional(),
  labels: z.record(z.string().min(1).max(128), z.string().max(1024)).optional(),
  source: z.enum(sources).optional(),
  detector: z.string().min(1).max(128).optional(),
});
export type Selector = z.infer<typeof selectorSchema>;

const reason = z.string().max(1000);

const order = {
  reason: reason.optional(),
  graceSeconds: z.number().min(0).max(300).optional(),
  dryRun: z.boolean().optional(),
};

/** Body of `POST /agents/:agentId/kill`. */
export const killBodySchema = z.strictObject({
  ...order,
  expectedContainerId: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be the full container ID, 64 hexadecimal digits')
    .optional(),
});

/** Body of `POST /agents/kill-all`. */
export const killAllBodySchema = z.strictObject({
  ...order,
  selector: selectorSchema.optional(),
  latch: z.boolean().optional(),
});

/** Body of `POST /latch`. */
export const engageBodySchema = z.strictObject({
  reason: reason.optional(),
  selector: selectorSchema.optional(),
});

/** Body of `DELETE /latch`: nobody lets agents run again without saying why. */
export const resetBodySchema = z.strictObject({ reason: reason.regex(/\S/, 'must say why') });

/** Body of `POST /operations/:operationId/dismiss`: a person answers for what was not done. */
export const dismissBodySchema = z.strictObject({ reason: reason.regex(/\S/, 'must say why') });

interface Order {
  readonly operationId: string;
  readonly actor: Actor;
  readonly requestId?: string;
  /** ISO 8601. Only of one that is carried on with: it then reaches no agent that was started later. */
  readonly requestedAt?: string;
  /**
   * Only of one that was given while the store did not answer: who was active here by what was last read, and so was
   * stopped. What was written of their end since then was written of agents that this command had ended.
   */
  readonly wereActive?: readonly string[];
  readonly reason?: string;
  readonly graceSeconds?: number;
  readonly dryRun?: boolean;
}

export interface KillCommand extends Order {
  readonly type: 'kill';
  readonly agentId: string;
  readonly expectedContainerId?: string;
}

export interface KillAllCommand extends Order {
  readonly type: 'kill-all';
  readonly selector: Selector;
  /** Engage the emergency stop for the selector first. */
  readonly latch?: boolean;
}

export type Command = KillCommand | KillAllCommand;
