import { discover } from '../discovery/discover.js';
import type { Actor } from '../domain/actor.js';
import { isActive, type Status } from '../domain/agent.js';
import { type AuditEntry, by } from '../domain/audit-entry.js';
import { pendingOf } from '../domain/outcome.js';
import { readRecord } from '../domain/record.js';
import { type Core, timestamp } from '../ports/core.js';
import type { Sighting } from '../ports/scanner.js';
import type { InFlight } from '../stop/in-flight.js';
import type { Entry } from '../stop/receipt.js';
import { omitUndefined } from '../util/omit-undefined.js';

/** Something that carries an agent's label and runs here, though its record does not say that the agent does. */
export interface Leftover {
  readonly agentId: string;
  /** What its record says; absent: its orchestrator has not registered it. */
  readonly status?: Status;
  /** Milliseconds since its oldest sandbox was started; absent: unknown. */
  readonly ageMs?: number;
  /** Its orchestrator may be about to register it. */
  readonly young: boolean;
  readonly seen: readonly Sighting[];
}

function leftoverOf(
  core: Core,
  seen: readonly Sighting[],
  status: Status | undefined,
  graceMs: number,
): Leftover {
  const { agentId } = seen[0] as Sighting;
  const starts = seen.flatMap(({ startedAt }) => (startedAt === undefined ? [] : [startedAt]));
  // The oldest one counts: what starts others all the time stays no younger by it.
  const ageMs = starts.length > 0 ? Math.max(0, core.clock.now() - Math.min(...starts)) : undefined;
  return omitUndefined<Leftover>({
    agentId,
    status,
    ageMs,
    young: graceMs > 0 && (ageMs ?? 0) < graceMs,
    seen,
  });
}

/**
 * What runs here without a record, or with one that says it has ended. One whose record cannot be read is left out:
 * it may be active.
 * @param graceMs how young something may be to be left alone
 * @throws KillswitchError `store_unavailable`
 */
export async function findLeftovers(core: Core, graceMs: number): Promise<readonly Leftover[]> {
  const byAgent = new Map<string, Sighting[]>();
  const { seen: sightings } = await discover(core);
  for (const sighting of sightings) {
    byAgent.set(sighting.agentId, [...(byAgent.get(sighting.agentId) ?? []), sighting]);
  }
  const stored = await core.records.agents([...byAgent.keys()]);
  const readings = new Map(stored.map(one => [one.agentId, readRecord(one)]));
  return [...byAgent].flatMap(([agentId, seen]) => {
    const reading = readings.get(agentId);
    if (!reading) return [leftoverOf(core, seen, undefined, graceMs)];
    if (reading.kind === 'unreadable') return [];
    const { status, source } = reading.agent;
    // What a node found running has a record of its own making: its orchestrator knows nothing of it all the same.
    if (isActive(status)) return source === 'observed' ? [leftoverOf(core, seen, undefined, graceMs)] : [];
    return [leftoverOf(core, seen, status, graceMs)];
  });
}

/** Stops those that are not young, by their label; their records and worktrees are left as they are. Audited. */
export function sweep(
  core: Core,
  inFlight: InFlight,
  leftovers: readonly Leftover[],
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
