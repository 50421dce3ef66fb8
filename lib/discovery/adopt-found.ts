import { type Actor, systemActor } from '../domain/actor.js';
import { type Agent, isActive } from '../domain/agent.js';
import { type AuditEntry, by } from '../domain/audit-entry.js';
import { readRecord } from '../domain/record.js';
import type { AgentProcess } from '../domain/sandbox.js';
import { type Core, timestamp } from '../ports/core.js';
import type { StoredAgent } from '../ports/records.js';
import { type Change, compareAndSet } from '../store/compare-and-set.js';
import { omitUndefined } from '../util/omit-undefined.js';
import type { Finding } from './finding.js';

/** What became of a finding that was to be an agent. */
export type Adoption =
  | {
      /** `known`: it has a record, which is the same one each time. */
      readonly outcome: 'adopted' | 'known';
      readonly agentId: string;
      readonly agent: Agent;
    }
  | {
      /** `killed`: an agent of this ID was, so whatever runs under it again is stopped again, and gets no record. */
      readonly outcome: 'killed' | 'refused';
      readonly agentId: string;
      /** In words that may be shown. */
      readonly why: string;
    };

export interface AdoptOptions {
  /** Who asked for it. */
  readonly actor?: Actor;
  readonly requestId?: string | undefined;
}

type Reader = readonly [stored: StoredAgent | undefined, isTombstoned: boolean];

/**
 * Makes an agent of a finding: writes a record for it, or finds the one that it has. Also while the emergency stop is
 * engaged, which holds for it from then on. An observed agent that had ended and runs again, such as a session that was
 * resumed, gets its record back, with its new process.
 * @throws KillswitchError `conflict`, `store_unavailable`
 */
export async function adoptFinding(
  core: Core,
  finding: Finding,
  { actor = systemActor, requestId }: AdoptOptions = {},
): Promise<Adoption> {
  const { agentId } = finding;
  const read = async (): Promise<Reader> => {
    const [[stored], [isTombstoned = false]] = await Promise.all([
      core.records.agents([agentId]),
      core.records.tombstoned([agentId]),
    ]);
    return [stored, isTombstoned || core.recentKills.has(agentId)];
  };
  const adoption = await compareAndSet<Reader, Adoption>(
    core,
    read,
    found => next(core, finding, found, { actor, requestId }),
    'agent adopted',
  );
  if ('agent' in adoption) core.recordCache.set(agentId, adoption.agent);
  return adoption;
}

function next(
  core: Core,
  finding: Finding,
  [stored, isTombstoned]: Reader,
  { actor, requestId }: { readonly actor: Actor; readonly requestId: string | undefined },
): Change<Adoption> {
  const { agentId } = finding;
  const refuse = (outcome: 'killed' | 'refused', why: string): Change<Adoption> => ({
    value: { outcome, agentId, why },
  });
  if (isTombstoned) return refuse('killed', 'it was killed under this ID, and never runs under it again');
  const reading = stored && readRecord(stored);
  if (reading?.kind === 'unreadable') return refuse('refused', `its record cannot be used: ${reading.why}`);
  const before = reading?.agent;
  const isOurs = before?.source === 'observed' && (before.host === undefined || before.host === core.hostId);
  const isTheSame =
    before !== undefined && isActive(before.status) && (!isOurs || isPinnedBy(before, finding));
  if (isTheSame) return { value: { outcome: 'known', agentId, agent: before } };
  if (before !== undefined && !isActive(before.status) && before.source !== 'observed')
    return refuse('refused', `its record says that it has ended (${before.status})`);

  const agent: Agent = { ...recordOf(core, finding), ...keptOf(before) };
  const entry = omitUndefined<AuditEntry>({
    timestamp: timestamp(core),
    ...({ operation: 'ADOPT_AGENT', phase: 'done' } as const),
    requestId,
    ...by(actor),
    agentId,
    taskId: agent.taskId,
    statusBefore: before?.status,
    status: agent.status,
  });
  return {
    step: {
      document: { kind: 'agent', id: agentId },
      expect: stored?.raw ?? null,
      next: JSON.stringify(agent),
      active: true,
      audit: [entry],
    },
    value: { outcome: 'adopted', agentId, agent },
  };
}

/** Whether the record names this very process, or container. */
const isPinnedBy = ({ sandboxes }: Agent, finding: Finding): boolean =>
  sandboxes.some(({ id }) => id === finding.id);

/** What others may have written into the record of an agent that we observed. */
const keptOf = (before: Agent | undefined): Partial<Agent> =>
  omitUndefined<Partial<Agent>>({
    taskId: before?.taskId,
    labels: before?.labels,
    expiresAt: before?.expiresAt,
  });

const CARRIED_BY = { process: 'variable', docker: 'label' } as const;

/** The record of what was found, as it is written. */
export function recordOf(
  { hostId, worktreeRoots = [] }: Pick<Core, 'hostId' | 'worktreeRoots'>,
  finding: Finding,
): Agent {
  const { agentId, kind, id, pid, startedAt, bootId, worktree, repository } = finding;
  const startTime = id.slice(id.indexOf(':') + 1);
  const mayBeCleared = worktreeRoots.some(root => worktree?.startsWith(`${root}/`));
  return omitUndefined<Agent>({
    agentId,
    status: 'running',
    startedAt,
    host: hostId,
    sandboxes: [{ kind, id }],
    containerId: kind === 'docker' ? id : undefined,
    process: pid === undefined ? undefined : omitUndefined<AgentProcess>({ pid, startTime, bootId }),
    worktreePath: mayBeCleared ? worktree : undefined,
    repository: mayBeCleared ? repository : undefined,
    labels: {},
    source: 'observed',
    // What carries an agent's ID is known and stopped by that.
    detector: finding.adopted ? CARRIED_BY[kind] : finding.detector,
  });
}
