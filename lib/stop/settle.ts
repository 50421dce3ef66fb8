import type { Actor } from '../domain/actor.js';
import type { Agent, Kill } from '../domain/agent.js';
import { type AuditEntry, by } from '../domain/audit-entry.js';
import { naming } from '../domain/naming.js';
import { isOwed, type LayerOutcome, pendingOf } from '../domain/outcome.js';
import { type Reading, readRecord } from '../domain/record.js';
import { type Core, timestamp } from '../ports/core.js';
import type { Step, StoredAgent } from '../ports/records.js';
import { agentReader, type Change, compareAndSet } from '../store/compare-and-set.js';
import { retryDelay } from '../util/backoff.js';
import { setMembers } from '../util/json-edit.js';
import { omitUndefined } from '../util/omit-undefined.js';

const lastErrorOf = (outcomes: readonly LayerOutcome[]): string | undefined => {
  const name = naming(outcomes);
  const owed = outcomes.filter(isOwed).map(seen => `${name(seen)}: ${seen.detail ?? seen.outcome}`);
  return owed.length > 0 ? owed.join('; ') : undefined;
};

function settleStep(
  core: Core,
  { agent, operationId, actor, outcomes }: Settlement,
  stored: StoredAgent | undefined,
): Step | undefined {
  const reading = stored && readRecord(stored);
  const kill = reading?.kind === 'agent' ? reading.agent.kill : undefined;
  // Settled or dismissed meanwhile, another operation's by now, or overwritten: not ours to write.
  if (reading && (kill?.operationId !== operationId || kill.confirmedAt || kill.dismissed)) return undefined;
  const at = timestamp(core);
  const recorded = reading?.kind === 'agent' ? reading.agent.sandboxes : [];
  const pending = pendingOf(outcomes, recorded);
  const attempts = (kill?.attempts ?? 0) + 1;
  const entry = omitUndefined<AuditEntry>({
    timestamp: at,
    operation: 'KILL_AGENT',
    phase: pending.length > 0 ? 'unconfirmed' : 'settled',
    operationId,
    ...by(actor),
    agentId: agent.agentId,
    taskId: agent.taskId,
    outcomes,
  });
  return {
    document: { kind: 'agent', id: agent.agentId },
    ...rewritten(reading, kill, { pending, attempts, at, lastError: lastErrorOf(outcomes) }),
    debt: {
      host: agent.host ?? core.hostId,
      dueAt: pending.length > 0 ? core.clock.now() + retryDelay(attempts) : null,
    },
    // A debt that stays open is told once, not with every attempt.
    audit: pending.length > 0 && attempts > 1 ? [] : [entry],
  };
}

/** The record's text before and after. One that was deleted meanwhile stays deleted. */
function rewritten(
  reading: Reading | undefined,
  kill: Kill | undefined,
  seen: Pick<Kill, 'pending' | 'attempts'> & { at: string; lastError: string | undefined },
): Pick<Step, 'expect' | 'next'> {
  if (reading?.kind !== 'agent' || !kill) return { expect: null, next: null };
  const { pending, attempts, at, lastError } = seen;
  const confirmedAt = pending.length === 0 ? at : undefined;
  const next = omitUndefined<Kill>({ ...kill, pending, attempts, lastError, confirmedAt });
  return { expect: reading.raw, next: setMembers(reading.raw, { kill: next }) };
}

export interface Settlement {
  readonly agent: Pick<Agent, 'agentId' | 'taskId' | 'host'>;
  readonly operationId: string;
  readonly actor: Pick<Actor, 'subject' | 'source'>;
  readonly outcomes: readonly LayerOutcome[];
}

/** Writes what was seen of a killed agent: nothing owed any more, or what, why, and when to try again. */
export function settle(core: Core, settlement: Settlement): Promise<void> {
  const { agentId } = settlement.agent;
  const compute = (stored: StoredAgent | undefined): Change<void> => {
    const step = settleStep(core, settlement, stored);
    return step ? { step, value: undefined } : { value: undefined };
  };
  return compareAndSet(core, agentReader(core, agentId), compute, 'agent settled');
}
