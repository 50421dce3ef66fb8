import * as z from 'zod';
import { type AgentReceipt, areDown, isOpen } from '../../lib/domain/outcome.js';
import type { Outline } from '../../lib/domain/wording.js';

const agentSchema = z.looseObject({
  agentId: z.string(),
  verified: z.boolean(),
  pending: z.array(z.string()),
  outcomes: z.array(z.looseObject({ layer: z.string(), outcome: z.string() })),
});

const receiptSchema = z.looseObject({
  operationId: z.string(),
  message: z.string(),
  verified: z.boolean(),
  dryRun: z.boolean().optional(),
  incomplete: z.boolean().optional(),
  degraded: z.boolean().optional(),
  warnings: z.array(z.string()).optional(),
  total: z.number().optional(),
  killed: z.number().optional(),
  agents: z.array(agentSchema).optional(),
});

/** What a receipt of either kill says, as far as a chat shows it. */
export interface Seen extends Outline {
  readonly operationId: string;
  /** What is known beyond the agents: what could not be seen, or what matched none. */
  readonly warnings: readonly string[];
}

/** Reads loosely: what answers may be newer. `undefined` for what is no receipt. */
export function readReceipt(body: unknown): Seen | undefined {
  const { data } = receiptSchema.safeParse(body);
  if (!data) return undefined;
  const single = data.agents ? undefined : agentSchema.safeParse(body).data;
  const agents = (data.agents ?? (single ? [single] : [])) as unknown as readonly AgentReceipt[];
  const open = agents.some(
    ({ pending, outcomes, error }) => pending.length > 0 || outcomes.some(isOpen) || error !== undefined,
  );
  const total = data.total ?? agents.length;
  const killed = data.killed ?? agents.filter(({ error, outcomes }) => !error && areDown(outcomes)).length;
  // A kill-all counts what it does not list.
  const counted = hasCount(body, 'pending') || hasCount(body, 'refused');
  return {
    operationId: data.operationId,
    message: data.message,
    verified: data.verified,
    settled: !open && !counted && killed >= total && !data.incomplete && !data.degraded,
    total,
    killed,
    agents,
    warnings: data.warnings ?? [],
  };
}

const hasCount = (body: unknown, name: 'pending' | 'refused'): boolean => {
  const value = (body as Readonly<Record<string, unknown>>)[name];
  return typeof value === 'number' && value > 0;
};

/** Of two looks at the same stop, the one that saw more: what is dead stays dead. */
export function better(one: Seen, other: Seen): Seen {
  const rank = (seen: Seen): number => (seen.verified ? 2 : 0) + (seen.settled ? 1 : 0);
  return rank(other) >= rank(one) ? other : one;
}
