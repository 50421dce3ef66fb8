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

/** The members of a receipt, of a kill or a kill-all, that a chat shows. */
export interface ReceiptOutline extends Outline {
  readonly operationId: string;
  /** Sentences about more than one agent: what could not be seen, or which part of a selector matched none. */
  readonly warnings: readonly string[];
}

/** Ignores unknown members, as a newer server may have written them. `undefined` if it is not a receipt. */
export function readReceipt(body: unknown): ReceiptOutline | undefined {
  const { data } = receiptSchema.safeParse(body);
  if (!data) return undefined;
  const single = data.agents ? undefined : agentSchema.safeParse(body).data;
  const agents = (data.agents ?? (single ? [single] : [])) as unknown as readonly AgentReceipt[];
  const open = agents.some(
    ({ pending, outcomes, error }) => pending.length > 0 || outcomes.some(isOpen) || error !== undefined,
  );
  const total = data.total ?? agents.length;
  const killed = data.killed ?? agents.filter(({ error, outcomes }) => !error && areDown(outcomes)).length;
  // A kill-all lists only its first agents, but counts all.
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

/** The one of two receipts of a stop that saw more, so that an agent seen dead stays dead. */
export function moreConclusive(one: ReceiptOutline, other: ReceiptOutline): ReceiptOutline {
  const rank = ({ verified, settled }: ReceiptOutline): number => (verified ? 2 : 0) + (settled ? 1 : 0);
  return rank(other) >= rank(one) ? other : one;
}
