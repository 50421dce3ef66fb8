import type { Status } from '../domain/agent.js';
import type { KillswitchError } from '../domain/errors.js';
import {
  type AgentReceipt,
  areDown,
  areVerified,
  isSeen,
  type LayerOutcome,
  pendingOf,
} from '../domain/outcome.js';
import { omitUndefined } from '../util/omit-undefined.js';
import type { Ledger } from './ledger.js';
import type { Stoppable } from './stop-agent.js';

/** One agent under one operation: what is known of it now, and when the work on it ends. */
export interface Case {
  readonly agent: Stoppable;
  readonly operationId: string;
  readonly graceMs: number;
  statusBefore?: Status;
  readonly ledger: Ledger;
  /** Why it could not be marked killed. */
  readonly error?: KillswitchError;
  /** Never rejects. */
  readonly done: Promise<void>;
}

/** The end of a case on which there is nothing to do. */
export const ENDED: Promise<void> = Promise.resolve();

const ignore = (): void => undefined;

/** A case on which there is nothing to do, with what was seen before. */
export function endedCase(
  agent: Stoppable,
  operationId: string,
  { statusBefore, error, outcomes = [] }: Told,
): Case {
  const ledger = { outcomes, note: ignore };
  const one: Case = { agent, operationId, graceMs: 0, ledger, done: ENDED, ...(error && { error }) };
  if (statusBefore) one.statusBefore = statusBefore;
  return one;
}

interface Told {
  readonly statusBefore?: Status | undefined;
  readonly error?: KillswitchError;
  readonly outcomes?: readonly LayerOutcome[];
}

/** Nothing of it runs any more, as far as a sandbox is known, and the record says so. */
export const isKilled = ({ error, ledger }: Case): boolean => !error && areDown(ledger.outcomes);

export const isVerified = (one: Case): boolean => !one.error && isProven(one);

/** A sandbox that the record names must itself be seen gone; that another one is proves nothing of it. */
function isProven({ agent, ledger: { outcomes } }: Case): boolean {
  const recorded = [
    ...(agent.containerId === undefined ? [] : ['container']),
    ...(agent.process === undefined ? [] : ['process']),
  ];
  return (
    areVerified(outcomes) && recorded.every(name => outcomes.some(one => one.layer === name && isSeen(one)))
  );
}

export function agentReceipt(one: Case): AgentReceipt {
  const { agent, operationId, statusBefore, ledger, error } = one;
  return omitUndefined<AgentReceipt>({
    agentId: agent.agentId,
    operationId,
    statusBefore,
    taskId: agent.taskId,
    host: agent.host,
    verified: isVerified(one),
    pending: pendingOf(ledger.outcomes),
    outcomes: ledger.outcomes,
    error: error && { code: error.code, detail: error.message },
  });
}
