import type { Status } from './agent.js';
import type { KillswitchError } from './errors.js';
import type { Ledger } from './ledger.js';
import { type AgentReceipt, areDown, areVerified, isOwed, pendingOf } from './outcome.js';
import { present } from './present.js';
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

/** Nothing of it runs any more, as far as a sandbox is known, and the record says so. */
export const isKilled = ({ error, ledger }: Case): boolean => !error && areDown(ledger.outcomes);

export function agentReceipt({ agent, operationId, statusBefore, ledger, error }: Case): AgentReceipt {
  return present<AgentReceipt>({
    agentId: agent.agentId,
    operationId,
    statusBefore,
    taskId: agent.taskId,
    host: agent.host,
    verified: !error && areVerified(ledger.outcomes),
    pending: pendingOf(ledger.outcomes),
    outcomes: ledger.outcomes,
    error: error && { code: error.code, detail: error.message },
  });
}

/** One sentence for everything that did not go as it should. */
export const caseErrors = ({ agent, ledger, error }: Case): string[] => [
  ...(error ? [`${agent.agentId}: ${error.message}`] : []),
  ...ledger.outcomes
    .filter(outcome => isOwed(outcome) || outcome.outcome === 'refused')
    .map(
      ({ layer, outcome, detail }) => `${agent.agentId}: ${layer} ${outcome}${detail ? `: ${detail}` : ''}`,
    ),
];
