import { systemActor } from '../domain/actor.js';
import { type Agent, isActive } from '../domain/agent.js';
import { type AuditEntry, by } from '../domain/audit-entry.js';
import { readRecord } from '../domain/record.js';
import { type Core, timestamp } from '../ports/core.js';
import type { StoredAgent } from '../ports/records.js';
import type { Sighting } from '../ports/scanner.js';
import { agentReader, compareAndSet } from '../store/compare-and-set.js';
import { setMembers } from '../util/json-edit.js';
import { omitUndefined } from '../util/omit-undefined.js';
import { firstStart, observedAgent } from './observed.js';

/** Milliseconds that an orchestrator has to register an agent it started, before the agent counts as unregistered. */
const REGISTRATION = 3_000;

const entryOf = (core: Core, operation: AuditEntry['operation'], agent: Agent): AuditEntry =>
  omitUndefined<AuditEntry>({
    timestamp: timestamp(core),
    operation,
    phase: 'done',
    ...by(systemActor),
    agentId: agent.agentId,
    taskId: agent.taskId,
    status: agent.status,
  });

/**
 * Writes a record for an agent that runs here under a label without one, so that it is listed and selected like others.
 * @throws KillswitchError `conflict`, `store_unavailable`
 */
export async function adopt(core: Core, agentId: string, seen: readonly Sighting[]): Promise<void> {
  const first = firstStart(seen);
  if (first !== undefined && core.clock.now() - first < REGISTRATION) return;
  const agent = observedAgent(core, agentId, seen);
  await compareAndSet(
    core,
    agentReader(core, agentId),
    stored => {
      // Registered, or killed, since it was seen.
      if (stored) return { value: undefined };
      const step = {
        document: { kind: 'agent', id: agentId } as const,
        expect: null,
        next: JSON.stringify(agent),
        active: true,
        audit: [entryOf(core, 'ADOPT_AGENT', agent)],
      };
      core.recordCache.set(agentId, agent);
      return { step, value: undefined };
    },
    'agent adopted',
  );
}

/** Updates an agent's record. @param members the new members; `undefined`: leave it as it is. @throws KillswitchError `conflict`, `store_unavailable` */
const amend = (
  core: Core,
  agentId: string,
  members: (agent: Agent) => Partial<Agent> | undefined,
  operation: AuditEntry['operation'],
): Promise<Agent | undefined> =>
  compareAndSet(
    core,
    agentReader(core, agentId),
    (stored: StoredAgent | undefined) => {
      const reading = stored && readRecord(stored);
      const changed = reading?.kind === 'agent' ? members(reading.agent) : undefined;
      if (reading?.kind !== 'agent' || !changed) return { value: undefined };
      const agent: Agent = { ...reading.agent, ...changed };
      const step = {
        document: { kind: 'agent', id: agentId } as const,
        expect: reading.raw,
        next: setMembers(reading.raw, changed),
        active: isActive(agent.status),
        audit: [entryOf(core, operation, agent)],
        ...(agent.kill && agent.kill.pending.length > 0
          ? { debt: { host: core.hostId, dueAt: core.clock.now() } }
          : {}),
      };
      return { step, value: agent };
    },
    operation === 'CLAIM_AGENT' ? 'agent claimed' : 'agent ended',
  );

/**
 * Writes this host into the record of an agent that was seen here and whose record names no host.
 * @returns the agent with its host; `undefined`: another node was faster, or the record is gone
 */
export const claim = (core: Core, agentId: string): Promise<Agent | undefined> =>
  amend(core, agentId, ({ host }) => (host === undefined ? { host: core.hostId } : undefined), 'CLAIM_AGENT');

/** Marks an observed agent of this host `completed`: it no longer runs, and no orchestrator does so. */
export async function completeObserved(core: Core, agentId: string): Promise<void> {
  await amend(
    core,
    agentId,
    ({ status, source, host }) =>
      source === 'observed' && host === core.hostId && isActive(status) ? { status: 'completed' } : undefined,
    'TRANSITION_AGENT',
  );
}
