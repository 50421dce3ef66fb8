import * as z from 'zod';
import type { Hold } from '../agents/latch.js';
import type { AuditEntry } from '../domain/audit-entry.js';
import type { AgentReceipt, Receipt } from '../domain/outcome.js';
import type { Health } from '../ports/runtime.js';
import type { Dismissed } from '../stop/dismiss.js';
import type { Operation } from '../store/operation.js';

/** The receipt of one agent's kill, as `POST /agents/:agentId/kill` answers it. */
export interface KillReceipt extends AgentReceipt {
  readonly message: string;
  readonly dryRun?: true;
  readonly incomplete?: true;
  readonly degraded?: true;
  readonly errors?: readonly string[];
  /** What could not be seen, or was never seen running. */
  readonly warnings?: readonly string[];
}

/** Whom the emergency stop keeps from running, since when, and why: what it was first engaged for. */
export interface LatchStatus extends Partial<Omit<Hold, 'operationId'>> {
  readonly engaged: boolean;
  /** Some of it is not known to have been written by this program: it holds all the same. */
  readonly unverified?: true;
  /** All that it is engaged for, where that is several things. */
  readonly holds?: readonly Omit<Hold, 'operationId'>[];
  /** Only behind a gateway: at which origins it stands otherwise, or is not known. */
  readonly errors?: readonly string[];
}

/** An accepted stop; `receipt` is what is known of it, absent where the server that asks does not carry it out. */
export type OperationStatus = Omit<Operation, 'intent'>;

/** Whose debts were given up. */
export type DismissalStatus = Dismissed;

/** An accepted stop. */
export interface Answer<R> {
  /** 202: something is still unconfirmed, and the server goes on with it. */
  readonly status: 200 | 202;
  /** Every agent was seen dead, and nothing is owed any more. Never true of a dry run. */
  readonly confirmed: boolean;
  readonly receipt: R;
}

/** A record as stored: other programs write it too, so no member but the ID is certain. */
export type AgentRecord = { readonly agentId: string } & Readonly<Record<string, unknown>>;

export interface AgentRecords {
  readonly agents: readonly AgentRecord[];
  /** For the next page; absent on the last one. */
  readonly cursor?: string;
}

export interface AuditPage {
  readonly entries: readonly AuditEntry[];
  /** For what comes later. */
  readonly cursor: string;
}

export interface Readiness {
  readonly ready: boolean;
  readonly ports: readonly Health[];
}

/** What a reader of a receipt relies on. Members beyond it pass: the server may be newer than its client. */
const agentReceipt = z.looseObject({
  agentId: z.string(),
  operationId: z.string(),
  verified: z.boolean(),
  pending: z.array(z.string()),
  outcomes: z.array(z.looseObject({ layer: z.string(), outcome: z.string() })),
});

const agentRecord = z.looseObject({ agentId: z.string() });

export const shapes = {
  kill: agentReceipt.extend({ message: z.string() }) as unknown as z.ZodType<KillReceipt>,
  killAll: z.looseObject({
    operationId: z.string(),
    message: z.string(),
    verified: z.boolean(),
    total: z.int(),
    killed: z.int(),
    failed: z.int(),
    pending: z.int(),
    agents: z.array(agentReceipt),
  }) as unknown as z.ZodType<Receipt>,
  latch: z.looseObject({ engaged: z.boolean() }) as unknown as z.ZodType<LatchStatus>,
  operation: z.looseObject({
    operationId: z.string(),
    state: z.enum(['running', 'ended']),
    type: z.string(),
    requestedAt: z.string(),
    requestedBy: z.string(),
  }) as unknown as z.ZodType<OperationStatus>,
  dismissal: z.looseObject({
    operationId: z.string(),
    message: z.string(),
    agents: z.array(z.string()),
  }) as unknown as z.ZodType<DismissalStatus>,
  agent: agentRecord as z.ZodType<AgentRecord>,
  agents: z.looseObject({
    agents: z.array(agentRecord),
    cursor: z.string().optional(),
  }) as unknown as z.ZodType<AgentRecords>,
  audit: z.looseObject({
    entries: z.array(z.looseObject({ timestamp: z.string(), operation: z.string(), phase: z.string() })),
    cursor: z.string(),
  }) as unknown as z.ZodType<AuditPage>,
  ready: z
    .looseObject({
      status: z.string(),
      ports: z.array(z.looseObject({ name: z.string(), ok: z.boolean() })),
    })
    .transform(({ status, ports }) => ({
      ready: status === 'ready',
      ports,
    })) as unknown as z.ZodType<Readiness>,
} as const;
