import { discover } from '../discovery/discover.js';
import type { Actor } from '../domain/actor.js';
import { isActive, type Status } from '../domain/agent.js';
import { type AuditEntry, by } from '../domain/audit-entry.js';
import { pendingOf } from '../domain/outcome.js';
import { readRecord } from '../domain/record.js';
import { isContainer } from '../domain/sandbox.js';
import { type Core, timestamp } from '../ports/core.js';
import type { Sighting } from '../ports/scanner.js';
import type { InFlight } from '../stop/in-flight.js';
import type { Entry } from '../stop/receipt.js';
import { omitUndefined } from '../util/omit-undefined.js';

/** A container of an agent whose record says that it has ended, and that runs here all the same. */
export interface LeftContainer {
  readonly agentId: string;
  /** What its record says. */
  readonly status: Status;
  /** Milliseconds since the oldest was started; absent: unknown. */
  readonly ageMs?: number;
  /** It may be about to end by itself. */
  readonly young: boolean;
  readonly seen: readonly Sighting[];
}

function leftoverOf(core: Core, seen: readonly Sighting[], status: Status, graceMs: number): LeftContainer {
  const { agentId } = seen[0] as Sighting;
  const starts = seen.flatMap(({ startedAt }) => (startedAt === undefined ? [] : [startedAt]));
  // The oldest one counts: what starts others all the time stays no younger by it.
  const ageMs = starts.length > 0 ? Math.max(0, core.clock.now() - Math.min(...starts)) : undefined;
  return omitUndefined<LeftContainer>({
    agentId,
    status,
    ageMs,
    young: graceMs > 0 && (ageMs ?? 0) < graceMs,
    seen,
  });
}

/**
 * The containers that run here under the label of an agent whose record says that it has ended. One whose record cannot
 * be read is left out: it may be active.
 * @param graceMs how young something may be to be left alone
 * @throws KillswitchError `store_unavailable`
 */
export async function findContainers(core: Core, graceMs: number): Promise<readonly LeftContainer[]> {
  const byAgent = new Map<string, Sighting[]>();
  const { seen: sightings } = await discover(core);
  for (const sighting of sightings.filter(({ kind }) => isContainer(kind))) {
    byAgent.set(sighting.agentId, [...(byAgent.get(sighting.agentId) ?? []), sighting]);
  }
  const stored = byAgent.size === 0 ? [] : await core.records.agents([...byAgent.keys()]);
  return stored.flatMap(one => {
    const reading = readRecord(one);
    const seen = byAgent.get(one.agentId) ?? [];
    if (reading.kind === 'unreadable' || isActive(reading.agent.status)) return [];
    return [leftoverOf(core, seen, reading.agent.status, graceMs)];
  });
}

/** Stops those that are not young, by their label; their records and worktrees are left as they are. Audited. */
export function stopContainers(
  core: Core,
  inFlight: InFlight,
  leftovers: readonly LeftContainer[],
  { actor, operationId }: { readonly actor: Actor; readonly operationId: string },
): readonly Entry[] {
  const startedAt = core.clock.monotonic();
  return leftovers
    .filter(({ young }) => !young)
    .map(({ agentId, status }) => {
      const audit = async ({ outcomes }: Entry): Promise<void> => {
        const entry = omitUndefined<AuditEntry>({
          timestamp: timestamp(core),
          operation: 'SWEEP',
          phase: pendingOf(outcomes).length > 0 ? 'unconfirmed' : 'settled',
          operationId,
          ...by(actor),
          agentId,
          statusBefore: status,
          outcomes,
        });
        core.log.warn(entry, 'leftover stopped');
        await core.audit.append([entry]);
      };
      const order = { operationId, actor, graceMs: 0, startedAt };
      return inFlight.run({ ...order, agent: { agentId }, isRecorded: false, audit });
    });
}
