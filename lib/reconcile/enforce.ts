import { findLatch, holdOf, type Latch } from '../agents/latch.js';
import { adopt, claim, completeObserved } from '../discovery/adopt.js';
import { groupSightings, withFound } from '../discovery/observed.js';
import { systemActor } from '../domain/actor.js';
import { type Agent, isActive } from '../domain/agent.js';
import type { AuditEntry } from '../domain/audit-entry.js';
import type { KillCommand } from '../domain/command.js';
import { owesKind } from '../domain/debt.js';
import { type OutcomeName, pendingOf } from '../domain/outcome.js';
import { type Reading, readRecord } from '../domain/record.js';
import { type Core, isLocal, timestamp } from '../ports/core.js';
import type { StoredAgent } from '../ports/records.js';
import type { Sighting } from '../ports/scanner.js';
import type { InFlight } from '../stop/in-flight.js';
import { orderOf, recordedKill } from '../stop/kill-agent.js';
import { markKilled } from '../stop/mark-killed.js';
import type { Entry } from '../stop/receipt.js';
import { startKill } from '../stop/stop.js';
import { settleEach } from '../store/settle-each.js';
import { signText } from '../store/signed-text.js';
import { omitUndefined } from '../util/omit-undefined.js';

/** More debts than a host has. */
const MANY = 10_000;

type Why = Extract<AuditEntry['operation'], 'RESURRECTION' | 'LATCH_ENFORCED'>;

const REASONS: Readonly<Record<Why, string>> = {
  RESURRECTION: 'it was killed and runs again',
  LATCH_ENFORCED: 'it was started while the emergency stop was engaged',
};

/** Nothing was there any more to be stopped. */
const OVER: ReadonlySet<OutcomeName> = new Set(['alreadyGone', 'notFound', 'skipped']);

/** A latch that cannot be read does not say since when it holds: it is held against what starts now. Milliseconds. */
const JUST_STARTED = 10_000;

/**
 * Whether the latch held already when this was started. An unknown start is no proof of it.
 * @param isNew it was reported as it started: the latch holds now, whatever the clocks of the hosts say
 */
function isAgainstLatch(
  { clock }: Core,
  latch: Latch,
  agent: Agent,
  { seen, isNew }: { readonly seen: readonly Sighting[]; readonly isNew: boolean },
): boolean {
  const hold = holdOf(latch, agent);
  if (!hold || isNew) return hold !== undefined;
  const since = hold.since === undefined ? clock.now() - JUST_STARTED : Date.parse(hold.since);
  return seen.some(({ startedAt }) => startedAt !== undefined && startedAt >= since);
}

/** One that must not run, and why. */
interface Offence {
  readonly agentId: string;
  readonly reading: Reading | undefined;
  readonly why: Why;
  readonly seen?: readonly Sighting[];
}

const agentIn = ({ reading }: Offence): Agent | undefined =>
  reading?.kind === 'agent' ? reading.agent : undefined;

async function tell(core: Core, offence: Offence, operationId: string, { outcomes }: Entry): Promise<void> {
  const { agentId, why } = offence;
  const agent = agentIn(offence);
  const entry = omitUndefined<AuditEntry>({
    timestamp: timestamp(core),
    operation: why,
    phase: pendingOf(outcomes).length > 0 ? 'unconfirmed' : 'settled',
    operationId,
    actor: systemActor.subject,
    reason: REASONS[why],
    agentId,
    taskId: agent?.taskId,
    statusBefore: agent?.status,
    outcomes,
  });
  core.log.warn(entry, 'stopped again');
  await core.audit.append([entry]);
}

/** Marks killed what its record calls active, and stops it where that says that it runs. */
async function stopRecorded(
  core: Core,
  inFlight: InFlight,
  offence: Offence,
  reading: Reading,
): Promise<void> {
  const { agentId, why } = offence;
  const operationId = core.newId();
  const asked = { operationId, actor: systemActor, reason: REASONS[why] };
  const command: KillCommand = { type: 'kill', agentId, ...asked };
  const order = orderOf(core, command);
  for (const verdict of await markKilled(core, command, { candidates: [reading] })) {
    if (verdict.kind === 'refused') continue;
    const entry = startKill({ command, order, inFlight }, verdict);
    await entry?.done;
    // Owing: another process has marked it killed again, and reports it.
    if (entry && verdict.kind !== 'owing') await tell(core, offence, operationId, entry);
  }
}

/** Stops what carries its label here. */
async function stopLabelled(core: Core, inFlight: InFlight, offence: Offence): Promise<void> {
  const { agentId } = offence;
  const agent = agentIn(offence);
  const operationId = core.newId();
  const audit = async (entry: Entry): Promise<void> => {
    // Seen a moment ago, and gone by itself, or by a kill that has ended since: nothing was stopped again.
    const isOver = entry.outcomes.every(({ outcome }) => OVER.has(outcome));
    if (!isOver) await tell(core, offence, operationId, entry);
  };
  // The paths in the record of another host's agent are not of this host.
  const target = withFound(agent && isLocal(core, agent) ? agent : { agentId }, offence.seen);
  const order = orderOf(core, { operationId, actor: systemActor });
  await inFlight.run({ ...order, agent: target, isRecorded: false, audit }).done;
}

async function stopAgain(core: Core, inFlight: InFlight, offence: Offence): Promise<void> {
  const { reading } = offence;
  const agent = agentIn(offence);
  const isRecorded = reading && agent && isActive(agent.status);
  if (isRecorded) await stopRecorded(core, inFlight, offence, reading);
  // Whatever host its record names, it was seen here.
  if (!isRecorded || !isLocal(core, agent)) await stopLabelled(core, inFlight, offence);
}

/** It was killed, and that this runs is nothing new: it is still owed. */
const owesAll = ({ status, kill, sandboxes }: Agent, seen: readonly Sighting[]): boolean =>
  status === 'killed' && seen.every(({ kind }) => owesKind(kill?.pending ?? [], sandboxes, kind));

/** Leaves it to the debt, which has its own times; unless there is none, as under a record that was put back. */
async function payUnlessDue(core: Core, inFlight: InFlight, agent: Agent): Promise<void> {
  const { agentId } = agent;
  const debts = await core.records.debts(core.hostId, Number.MAX_SAFE_INTEGER, MANY);
  if (debts.includes(agentId) || inFlight.has(agentId)) return;
  await pay(core, inFlight, agent);
}

async function pay(core: Core, inFlight: InFlight, agent: Agent): Promise<void> {
  const operationId = agent.kill?.operationId ?? '';
  await inFlight.run(recordedKill(orderOf(core, { operationId, actor: systemActor }), agent)).done;
}

/**
 * Looks at what runs on this host: stops again what must not run (what was killed, and what was started against the
 * latch), takes over what belongs to no other node, and writes a record for what has none. Remembers the records on the
 * way.
 * @param isNew these were reported as they started
 * @throws KillswitchError `store_unavailable`; AggregateError of everything that failed
 */
export async function enforce(
  core: Core,
  inFlight: InFlight,
  sightings: readonly Sighting[],
  { isNew = false }: { readonly isNew?: boolean } = {},
): Promise<void> {
  const byAgent = groupSightings(sightings.filter(({ agentId }) => !inFlight.has(agentId)));
  if (byAgent.size === 0) return;
  const agentIds = [...byAgent.keys()];
  const [stored, killed, { latch }] = await Promise.all([
    core.records.agents(agentIds),
    core.records.tombstoned(agentIds),
    findLatch(core),
  ]);
  const readings = new Map(stored.map(one => [one.agentId, readRecord(one)]));
  await settleEach(
    agentIds.map(async (agentId, index) => {
      const seen = byAgent.get(agentId) ?? [];
      const reading = readings.get(agentId);
      const agent = reading?.kind === 'agent' ? await owned(core, reading.agent) : undefined;
      if (agent) core.recordCache.set(agentId, agent);
      // Taken up by another command while the store was asked.
      if (inFlight.has(agentId)) return;
      if (agent && isLocal(core, agent) && owesAll(agent, seen)) {
        const isClaimed = reading?.kind === 'agent' && reading.agent.host !== agent.host;
        return isClaimed ? pay(core, inFlight, agent) : payUnlessDue(core, inFlight, agent);
      }
      const isForgotten = !killed[index] && core.recentKills.has(agentId);
      if (isForgotten)
        await markAgain(core, stored.find(one => one.agentId === agentId) ?? { agentId, raw: null });
      const isRunningAgain = killed[index] || isForgotten || agent?.status === 'killed';
      const unrecorded: Agent = { agentId, status: 'spawning', sandboxes: [], labels: {} };
      if (isRunningAgain) return stopAgain(core, inFlight, { agentId, reading, why: 'RESURRECTION', seen });
      if (isAgainstLatch(core, latch, agent ?? unrecorded, { seen, isNew })) {
        return stopAgain(core, inFlight, { agentId, reading, why: 'LATCH_ENFORCED' });
      }
      if (!reading) await adopt(core, agentId, seen);
    }),
  );
}

/** Lays the lasting mark anew that this process had laid, and that is gone from the store: nothing of ours lifts it. */
async function markAgain(
  core: Core,
  { agentId, raw }: { readonly agentId: string; readonly raw?: string | null | undefined },
): Promise<void> {
  core.log.error(
    { agentId },
    'the mark that this agent was killed is gone from the store, and is laid again',
  );
  if (raw === undefined) return;
  const text = JSON.stringify({ operationId: core.newId(), at: timestamp(core) });
  const tombstone = signText(core, 'tombstone', agentId, text);
  const document = { kind: 'agent', id: agentId } as const;
  await core.records.commit([{ document, expect: raw, next: raw, tombstone, audit: [] }]);
}

/** A record without a host is of the node that sees its sandbox, unless there is but one node. */
const owned = async (core: Core, agent: Agent): Promise<Agent> =>
  agent.host !== undefined || core.isAlone() ? agent : ((await claim(core, agent.agentId)) ?? agent);

/** Marks killed again what another program wrote over: an active record under an ID that was killed. */
export async function enforceTombstone(core: Core, inFlight: InFlight, stored: StoredAgent): Promise<void> {
  const { agentId, tombstoned } = stored;
  if (!tombstoned || inFlight.has(agentId)) return;
  const reading = readRecord(stored);
  if (reading.kind === 'agent' && isActive(reading.agent.status)) {
    await stopRecorded(core, inFlight, { agentId, reading, why: 'RESURRECTION' }, reading);
  }
}

/**
 * The same for every record; and marks those observed ones of this host completed that do not run any more.
 * @param isGone whether an agent was not seen by the latest looks at this host, which saw everything
 * @throws KillswitchError `store_unavailable`
 */
export async function enforceTombstones(
  core: Core,
  inFlight: InFlight,
  isGone: (agentId: string) => boolean,
): Promise<void> {
  for await (const page of core.records.scan('all')) {
    await settleEach(
      page.map(async stored => {
        await enforceTombstone(core, inFlight, stored);
        const reading = readRecord(stored);
        const isObserved = reading.kind === 'agent' && reading.agent.source === 'observed';
        if (isObserved && isActive(reading.agent.status) && isGone(stored.agentId)) {
          await completeObserved(core, stored.agentId);
        }
      }),
    );
  }
}
