import type { Actor } from '../domain/actor.js';
import { type AuditEntry, by } from '../domain/audit-entry.js';
import { authorize } from '../domain/authorize.js';
import { KillswitchError } from '../domain/errors.js';
import { readRecord } from '../domain/record.js';
import { count } from '../domain/wording.js';
import { type Core, timestamp } from '../ports/core.js';
import type { StoredAgent } from '../ports/records.js';
import { agentReader, type Change, compareAndSet } from '../store/compare-and-set.js';
import { findOperation } from '../store/operation.js';
import { setMembers } from '../util/json-edit.js';
import { omitUndefined } from '../util/omit-undefined.js';

export interface DismissOrder {
  readonly operationId: string;
  readonly actor: Actor;
  /** Why it need not be done any more. */
  readonly reason: string;
  readonly requestId?: string;
}

export interface Dismissed {
  readonly operationId: string;
  readonly message: string;
  /** The agents that owed something under this operation, and do so no more. */
  readonly agents: readonly string[];
}

/**
 * Ends what an operation still owes by the word of a person, who takes the responsibility for it. Confirms nothing:
 * what was refused may still run, and a later kill tries again.
 * @throws KillswitchError `forbidden`, `operation_not_found`, `conflict`, `store_unavailable`
 */
export async function dismissOperation(core: Core, order: DismissOrder): Promise<Dismissed> {
  const { operationId, actor } = order;
  authorize(actor, 'latch:reset', {});
  if (!(await findOperation(core, operationId))) {
    throw new KillswitchError('operation_not_found', 'Unknown operation');
  }
  const killed = new Set<string>();
  for await (const { operation, agentId } of core.audit.query({ operationId })) {
    if (operation === 'KILL_AGENT' && agentId !== undefined) killed.add(agentId);
  }
  const agents: string[] = [];
  for (const agentId of killed) if (await dismissAgent(core, agentId, order)) agents.push(agentId);
  const message =
    agents.length > 0
      ? `${count(agents.length)} given up by ${actor.subject}: what was owed is not tried again, and was not confirmed`
      : 'Nothing is owed under this operation';
  return { operationId, message, agents };
}

function dismissAgent(core: Core, agentId: string, order: DismissOrder): Promise<boolean> {
  const { operationId, actor, reason, requestId } = order;
  const compute = (stored: StoredAgent | undefined): Change<boolean> => {
    const reading = stored && readRecord(stored);
    if (reading?.kind !== 'agent') return { value: false };
    const { agent, raw } = reading;
    const { kill } = agent;
    if (kill?.operationId !== operationId || kill.pending.length === 0) return { value: false };
    const at = timestamp(core);
    const dismissed = { at, by: actor.subject, reason };
    const entry = omitUndefined<AuditEntry>({
      timestamp: at,
      operation: 'DISMISS_AGENT',
      phase: 'done',
      operationId,
      requestId,
      ...by(actor),
      reason,
      agentId,
      taskId: agent.taskId,
    });
    const step = {
      document: { kind: 'agent', id: agentId } as const,
      expect: raw,
      next: setMembers(raw, { kill: { ...kill, pending: [], dismissed } }),
      debt: { host: agent.host ?? core.hostId, dueAt: null },
      audit: [entry],
    };
    return { step, value: true };
  };
  return compareAndSet(core, agentReader(core, agentId), compute, 'given up by a person');
}
