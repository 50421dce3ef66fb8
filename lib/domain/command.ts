import * as z from 'zod';
import type { Frozen } from '../util/frozen.js';
import type { Actor } from './actor.js';
import { type Selector, selectorSchema } from './selector.js';

const reason = z.string().max(1000);

const order = {
  reason: reason.optional(),
  graceSeconds: z.number().min(0).max(300).optional(),
  dryRun: z.boolean().optional(),
  shared: z.boolean().optional(),
};

/** Body of `POST /agents/:agentId/kill`. */
export const killBodySchema = z.strictObject({
  ...order,
  expectedContainerId: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be the full container ID, 64 hexadecimal digits')
    .optional(),
});
export type KillBody = Frozen<z.input<typeof killBodySchema>>;

/** Body of `POST /agents/kill-all`. */
export const killAllBodySchema = z.strictObject({
  ...order,
  selector: selectorSchema.optional(),
  latch: z.boolean().optional(),
});
export type KillAllBody = Frozen<z.input<typeof killAllBodySchema>>;

/** Body of `POST /latch`. */
export const engageBodySchema = z.strictObject({
  reason: reason.optional(),
  selector: selectorSchema.optional(),
});
export type EngageBody = Frozen<z.input<typeof engageBodySchema>>;

/** Body of `DELETE /latch`: letting agents run again needs a reason. */
export const resetBodySchema = z.strictObject({ reason: reason.regex(/\S/, 'must say why') });
export type ResetBody = Frozen<z.input<typeof resetBodySchema>>;

/** Body of `POST /operations/:operationId/dismiss`: an operator takes responsibility for what was not done. */
export const dismissBodySchema = z.strictObject({ reason: reason.regex(/\S/, 'must say why') });
export type DismissBody = Frozen<z.input<typeof dismissBodySchema>>;

interface CommandBase {
  readonly operationId: string;
  readonly actor: Actor;
  readonly requestId?: string;
  /** ISO 8601. Only of a resumed command, which then spares agents that were started later. */
  readonly requestedAt?: string;
  /**
   * Only of a command accepted while the store did not answer: the agents that were active here by the cached records,
   * and so were stopped. If their records say `completed` or `failed` since then, this command was the reason.
   */
  readonly wereActive?: readonly string[];
  readonly reason?: string;
  readonly graceSeconds?: number;
  readonly dryRun?: boolean;
  /** Stop processes of theirs that other agents need as well. */
  readonly shared?: boolean;
}

export interface KillCommand extends CommandBase {
  readonly type: 'kill';
  readonly agentId: string;
  readonly expectedContainerId?: string;
}

export interface KillAllCommand extends CommandBase {
  readonly type: 'kill-all';
  readonly selector: Selector;
  /** Engage the emergency stop for the selector first. */
  readonly latch?: boolean;
}

export type Command = KillCommand | KillAllCommand;
