import type { RecordedAgent } from '../discovery/living.js';
import type { Actor } from '../domain/actor.js';
import { type AuditEntry, by } from '../domain/audit-entry.js';
import type { LayerOutcome } from '../domain/outcome.js';
import { readRecord } from '../domain/record.js';
import { PROCESS_LAYER } from '../domain/sandbox.js';
import { type Core, isLocal, timestamp } from '../ports/core.js';
import { omitUndefined } from '../util/omit-undefined.js';
import { isClean, type SweepSources, type Swept } from './sweep.js';

/**
 * What the records say of these agents. One that cannot be read is left out: it may be active.
 * @throws KillswitchError `store_unavailable`
 */
export async function recordedAgents(
  core: Pick<Core, 'records' | 'hostId'>,
  agentIds: readonly string[],
): Promise<ReadonlyMap<string, RecordedAgent>> {
  const stored = agentIds.length === 0 ? [] : await core.records.agents(agentIds);
  return new Map(
    stored.flatMap(one => {
      const reading = readRecord(one);
      if (reading.kind === 'unreadable') return [];
      const { status, process, host, sandboxes } = reading.agent;
      const { pid, startTime } = process ?? {};
      // Of another host's agent, or without a start time, a PID says nothing; and it may not be all of the agent.
      const isKnown = host !== undefined && isLocal(core, reading.agent) && sandboxes.length === 1;
      const main = isKnown && pid !== undefined && startTime !== undefined ? { pid, startTime } : undefined;
      return [[one.agentId, omitUndefined<RecordedAgent>({ status, main })] as const];
    }),
  );
}

/** What a sweep by this node looks at and works with. */
export const sweepSources = (core: Core, host: Omit<SweepSources, 'recordsOf' | 'now'>): SweepSources => ({
  ...host,
  recordsOf: agentIds => recordedAgents(core, agentIds),
  now: () => core.clock.now(),
});

const plural = (count: number): string => (count === 1 ? '1 process' : `${count} processes`);

const layer = PROCESS_LAYER;

/** What became of them, in words. */
export function outcomeOf(swept: Swept): LayerOutcome {
  const { processes, spared } = swept;
  const of = (wanted: string): number => processes.filter(({ outcome }) => outcome === wanted).length;
  if (isClean(swept)) return { layer, outcome: of('dead') > 0 ? 'dead' : 'alreadyGone' };
  const [refused, alive] = [of('refused'), of('alive')];
  const detail = [
    ...(refused > 0 ? [`this user may not signal ${plural(refused)}`] : []),
    ...(alive > 0 ? [`${plural(alive)} not seen to be gone`] : []),
    ...(spared > 0 ? [`${plural(spared)} left alone, no longer known for certain as left behind`] : []),
  ].join('; ');
  return { layer, outcome: refused > 0 ? 'refused' : 'failed', detail };
}

/** Logs what was ended, and writes it into the audit. @throws KillswitchError `store_unavailable` */
export async function tellSwept(
  core: Pick<Core, 'audit' | 'clock' | 'log'>,
  swept: readonly Swept[],
  { actor, operationId }: { readonly actor: Actor; readonly operationId: string },
): Promise<void> {
  const entries = swept.map(one => {
    const { agentId, status, evidence } = one.leftover;
    return omitUndefined<AuditEntry>({
      timestamp: timestamp(core),
      operation: 'SWEEP',
      phase: isClean(one) ? 'settled' : 'unconfirmed',
      operationId,
      ...by(actor),
      reason: evidence.join('; '),
      agentId,
      statusBefore: status,
      outcomes: [outcomeOf(one)],
    });
  });
  for (const entry of entries) core.log.warn(entry, 'leftover stopped');
  if (entries.length > 0) await core.audit.append(entries);
}
