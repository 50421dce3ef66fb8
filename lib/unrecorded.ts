import { type AuditEntry, by } from './audit.js';
import { covers, outside } from './authorize.js';
import { type Case, endedCase } from './case.js';
import type { Cases } from './cases.js';
import { agentIn, change } from './change.js';
import type { KillCommand } from './command.js';
import { type Core, timestamp } from './core.js';
import { pendingOf } from './outcome.js';
import type { StoredAgent } from './ports.js';
import { present } from './present.js';
import { lookAround } from './sighted.js';

const entryOf = (
  core: Core,
  command: KillCommand,
  more: Pick<AuditEntry, 'phase' | 'outcomes'>,
): AuditEntry =>
  present<AuditEntry>({
    timestamp: timestamp(core),
    operation: 'KILL_AGENT',
    operationId: command.operationId,
    requestId: command.requestId,
    ...by(command.actor),
    reason: command.reason,
    agentId: command.agentId,
    ...more,
  });

/** Lays the lasting mark under an ID that has no record. False: it has one by now. */
function layTombstone(core: Core, command: KillCommand): Promise<boolean> {
  const { agentId, operationId } = command;
  const compute = (stored: StoredAgent | undefined) => {
    if (stored) return { value: false };
    const step = {
      document: { kind: 'agent', id: agentId } as const,
      expect: null,
      next: null,
      active: false,
      tombstone: JSON.stringify({ operationId, at: timestamp(core) }),
      audit: [entryOf(core, command, { phase: 'accepted' })],
    };
    return { step, value: true };
  };
  return change(core, agentIn(core, agentId), compute, 'agent marked killed');
}

/**
 * Stops an agent that nobody registered, by its label. There is no record to hold a debt: what comes back, or does not
 * go, is found by its tombstone.
 * @returns `no trace`: nothing here carries its label; `recorded`: it has a record by now
 * @throws KillswitchError `forbidden`, `conflict`, `store_unavailable`
 */
export async function killUnrecorded(
  core: Core,
  cases: Cases,
  command: KillCommand,
  startedAt: number,
): Promise<Case | 'no trace' | 'recorded'> {
  const { agentId, operationId, graceSeconds = 0 } = command;
  const { seen } = await lookAround(core);
  if (!seen.some(sighting => sighting.agentId === agentId)) return 'no trace';
  if (!covers(command.actor.within, { agentId })) throw outside();
  if (command.dryRun) return endedCase({ agentId }, operationId, {});
  if (!(await layTombstone(core, command))) return 'recorded';
  const after = async ({ ledger: { outcomes } }: Case): Promise<void> => {
    const phase = pendingOf(outcomes).length > 0 ? 'unconfirmed' : 'settled';
    const entry = entryOf(core, command, { phase, outcomes });
    core.log.warn(entry, 'agent settled');
    await core.audit.append([entry]);
  };
  const order = { operationId, graceMs: graceSeconds * 1_000, startedAt };
  return cases.stopUnrecorded({ agentId }, order, { after });
}
