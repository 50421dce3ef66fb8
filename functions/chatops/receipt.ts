import * as z from 'zod';
import { type AgentReceipt, areDown } from '../../lib/outcome.js';

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
  total: z.number().optional(),
  killed: z.number().optional(),
  agents: z.array(agentSchema).optional(),
});

/** What a receipt of either kill says, as far as a chat tells it. */
export interface Seen {
  readonly operationId: string;
  readonly message: string;
  /** Every agent was seen dead. */
  readonly verified: boolean;
  /** Nothing is owed any more, nothing was refused, everybody was reached, and the store knows. */
  readonly settled: boolean;
  readonly total: number;
  /** Of which nothing runs any more, as far as could be looked. */
  readonly killed: number;
  readonly agents: readonly AgentReceipt[];
}

/** Reads loosely: what answers may be newer. `undefined` for what is no receipt. */
export function readReceipt(body: unknown): Seen | undefined {
  const { data } = receiptSchema.safeParse(body);
  if (!data) return undefined;
  const single = data.agents ? undefined : agentSchema.safeParse(body).data;
  const agents = (data.agents ?? (single ? [single] : [])) as unknown as readonly AgentReceipt[];
  const open = agents.some(
    ({ pending, outcomes }) => pending.length > 0 || outcomes.some(({ outcome }) => outcome === 'refused'),
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
