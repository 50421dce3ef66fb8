import type { agentPage, agentRecord } from './agent-record.js';
import type { auditPage } from './audit-page.js';
import type { readiness } from './health.js';
import type { hostScan } from './host-scan.js';
import type { latchStatus } from './latch-status.js';
import type { dismissal, operationStatus } from './operation-status.js';
import type { agentReceipt, killReceipt, receipt } from './receipt.js';
import type { Stated } from './schema.js';

/**
 * The receipt of one agent's kill, as `POST /agents/:agentId/kill` answers it. Without the members of the agent while
 * nothing is known of it, as while the store does not answer.
 */
export type KillReceipt = Stated<typeof killReceipt>;

/** The agent's part of it, in a list; empty while nothing is known of it. */
export function agentIn(receipt: KillReceipt): readonly Stated<typeof agentReceipt>[] {
  const { agentId, pending, outcomes } = receipt;
  if (agentId === undefined || !pending || !outcomes) return [];
  return [{ ...receipt, agentId, pending, outcomes }];
}

/** The receipt of many, as `POST /agents/kill-all` answers it. */
export type KillAllReceipt = Stated<typeof receipt>;

/** Which agents the emergency stop holds, since when and why: by its first engagement. */
export type LatchStatus = Stated<typeof latchStatus>;

/** An accepted stop; `receipt` is absent if the answering server does not carry it out. */
export type OperationStatus = Stated<typeof operationStatus>;

/** Whose debts were given up. */
export type DismissalStatus = Stated<typeof dismissal>;

/** An accepted stop. */
export interface Answer<R> {
  /** 202: something is still unconfirmed, and the server continues. */
  readonly status: 200 | 202;
  /** Every agent was seen dead, and nothing is owed any more. Never true of a dry run. */
  readonly confirmed: boolean;
  readonly receipt: R;
}

/** A record as stored: other programs write it too, so no member but the ID is certain. */
export type AgentRecord = Pick<Stated<typeof agentRecord>, 'agentId'> & Readonly<Record<string, unknown>>;

export interface AgentRecords extends Omit<Stated<typeof agentPage>, 'agents'> {
  readonly agents: readonly AgentRecord[];
}

/** What runs on the server's host that looks like an agent. */
export type HostScanAnswer = Stated<typeof hostScan>;

export type AuditPage = Stated<typeof auditPage>;

export interface Readiness extends Pick<Stated<typeof readiness>, 'ports'> {
  readonly ready: boolean;
}
