import type { AuditEntry } from '../domain/audit-entry.js';
import {
  type AgentReceipt,
  areDown,
  areVerified,
  isRefused,
  type LayerOutcome,
  pendingOf,
  type Receipt,
} from '../domain/outcome.js';
import { describeErrors, killAllMessage, killMessage } from '../domain/wording.js';
import type { Core } from '../ports/core.js';
import { compareAndSet } from '../store/compare-and-set.js';
import { findOperation, type Operation, replaceReceipt } from '../store/operation.js';

/** What the audit says of the agents of one operation since its receipt was written. */
type Later = ReadonlyMap<string, { readonly outcomes: readonly LayerOutcome[]; readonly dismissed: boolean }>;

async function readLater(core: Core, operationIds: ReadonlySet<string>): Promise<Later> {
  const later = new Map<string, { outcomes: readonly LayerOutcome[]; dismissed: boolean }>();
  for (const operationId of operationIds) {
    for await (const entry of core.audit.query({ operationId })) note(later, entry);
  }
  return later;
}

function note(
  later: Map<string, { outcomes: readonly LayerOutcome[]; dismissed: boolean }>,
  { operation, phase, agentId, outcomes }: AuditEntry,
): void {
  if (agentId === undefined) return;
  const known = later.get(agentId);
  if (operation === 'KILL_AGENT' && phase !== 'accepted' && outcomes) {
    later.set(agentId, { outcomes, dismissed: known?.dismissed ?? false });
  }
  if (operation === 'DISMISS_AGENT') later.set(agentId, { outcomes: known?.outcomes ?? [], dismissed: true });
}

function refreshed(agent: AgentReceipt, later: Later): AgentReceipt {
  const now = later.get(agent.agentId);
  if (!now || agent.error) return agent;
  const outcomes = now.outcomes.length > 0 ? now.outcomes : agent.outcomes;
  const pending = now.dismissed ? [] : pendingOf(outcomes);
  return { ...agent, outcomes, pending, verified: areVerified(outcomes) };
}

/**
 * The stored receipt of a command, with what was settled or given up since. Agents beyond those that it names are
 * counted as they were.
 */
function withLater(operation: Operation, receipt: Receipt, later: Later): Receipt {
  const agents = receipt.agents.map(agent => refreshed(agent, later));
  const changed = (isSo: (agent: AgentReceipt) => boolean): number =>
    agents.filter(isSo).length - receipt.agents.filter(isSo).length;
  const killed = receipt.killed + changed(agent => !agent.error && areDown(agent.outcomes));
  const pending = receipt.pending + changed(agent => agent.pending.length > 0);
  const refused = receipt.refused + changed(agent => agent.outcomes.some(isRefused));
  const { total } = receipt;
  const names = receipt.agents.map(({ agentId }) => `${agentId}: `);
  const general = (receipt.errors ?? []).filter(error => !names.some(name => error.startsWith(name)));
  const errors = [...general, ...agents.flatMap(agent => describeErrors(agent.agentId, agent))];
  const { errors: _, ...rest } = receipt;
  const [first] = agents;
  const message =
    operation.type === 'kill' && first
      ? killMessage(first.agentId, first)
      : killAllMessage({ total, killed, pending, refused }, receipt.incomplete === true);
  const isComplete = !receipt.incomplete && !receipt.degraded && pending === 0;
  return {
    ...rest,
    message,
    verified:
      total > 0 &&
      isComplete &&
      killed === total &&
      agents.every(({ verified }) => verified) &&
      agents.length === total,
    killed,
    failed: total - killed,
    pending,
    refused,
    agents,
    ...(errors.length > 0 ? { errors } : {}),
  };
}

/**
 * An ended operation as it stands now: what was owed when its receipt was written may have been settled since. Keeps
 * the newer receipt in the store; where that fails, it is only answered with.
 * @throws KillswitchError `store_unavailable`
 */
export async function refreshOperation(core: Core, operation: Operation): Promise<Operation> {
  const { receipt, operationId } = operation;
  const isOpen = receipt !== undefined && (receipt.pending > 0 || receipt.failed > 0);
  if (operation.state !== 'ended' || !isOpen) return operation;
  const operationIds = new Set([operationId, ...receipt.agents.map(agent => agent.operationId)]);
  const now = withLater(operation, receipt, await readLater(core, operationIds));
  if (now.pending === receipt.pending && now.killed === receipt.killed) return operation;
  await compareAndSet(
    core,
    () => findOperation(core, operationId),
    found => replaceReceipt(found, now),
    'receipt refreshed',
  ).catch((error: unknown) => core.log.info({ err: error, operationId }, 'a newer receipt was not kept'));
  return { ...operation, receipt: now };
}
