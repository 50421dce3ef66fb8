import { type Agent, isActive } from './agent.js';
import type { AuditEntry } from './audit.js';
import type { Case } from './case.js';
import type { Cases } from './cases.js';
import type { KillCommand } from './command.js';
import { commitKills } from './commit.js';
import { type Core, timestamp } from './core.js';
import { findLatch, holdOf, type Latch } from './latch.js';
import { isLocal } from './mark.js';
import { type OutcomeName, pendingOf } from './outcome.js';
import type { Sighting, StoredAgent } from './ports.js';
import { present } from './present.js';
import { type Reading, readRecord } from './record.js';
import { itself } from './system.js';

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

/** Whether the latch held already when this was started. A start whose time nobody knows is no proof of it. */
function isAgainstLatch({ clock }: Core, latch: Latch, agent: Agent, seen: readonly Sighting[]): boolean {
  const hold = holdOf(latch, agent);
  if (!hold) return false;
  const since = hold.since === undefined ? clock.now() - JUST_STARTED : Date.parse(hold.since);
  return seen.some(({ startedAt }) => startedAt !== undefined && startedAt >= since);
}

/** One that must not run, and why. */
interface Offence {
  readonly agentId: string;
  readonly reading: Reading | undefined;
  readonly why: Why;
}

const agentIn = ({ reading }: Offence): Agent | undefined =>
  reading?.kind === 'agent' ? reading.agent : undefined;

async function tell(core: Core, offence: Offence, operationId: string, { ledger }: Case): Promise<void> {
  const { agentId, why } = offence;
  const agent = agentIn(offence);
  const entry = present<AuditEntry>({
    timestamp: timestamp(core),
    operation: why,
    phase: pendingOf(ledger.outcomes).length > 0 ? 'unconfirmed' : 'settled',
    operationId,
    actor: itself.subject,
    reason: REASONS[why],
    agentId,
    taskId: agent?.taskId,
    statusBefore: agent?.status,
    outcomes: ledger.outcomes,
  });
  core.log.warn(entry, 'stopped again');
  await core.audit.append([entry]);
}

/** Marks killed what its record calls active, and stops it where that says that it runs. */
async function stopRecorded(core: Core, cases: Cases, offence: Offence, reading: Reading): Promise<void> {
  const { agentId, why } = offence;
  const operationId = core.newId();
  const startedAt = core.clock.monotonic();
  const command: KillCommand = { type: 'kill', operationId, agentId, actor: itself, reason: REASONS[why] };
  for (const verdict of await commitKills(core, command, [reading])) {
    if (verdict.kind === 'refused') continue;
    const one = cases.follow(command, verdict, startedAt);
    await one?.done;
    // Owing: somebody else has marked it killed again, and tells of it.
    if (one && verdict.kind !== 'owing') await tell(core, offence, operationId, one);
  }
}

/** Stops what carries its label here. */
async function stopLabelled(core: Core, cases: Cases, offence: Offence): Promise<void> {
  const { agentId } = offence;
  const agent = agentIn(offence);
  const operationId = core.newId();
  const after = async (one: Case): Promise<void> => {
    // Seen a moment ago, and gone by itself, or by a kill that has ended since: nothing was stopped again.
    const isOver = one.ledger.outcomes.every(({ outcome }) => OVER.has(outcome));
    if (!isOver) await tell(core, offence, operationId, one);
  };
  // The paths in the record of another host's agent are not of this host.
  const target = agent && isLocal(core, agent) ? agent : { agentId };
  const order = { operationId, graceMs: 0, startedAt: core.clock.monotonic() };
  await cases.stopUnrecorded(target, order, { after }).done;
}

async function stopAgain(core: Core, cases: Cases, offence: Offence): Promise<void> {
  const { reading } = offence;
  const agent = agentIn(offence);
  const isRecorded = reading && agent && isActive(agent.status);
  if (isRecorded) await stopRecorded(core, cases, offence, reading);
  // Whatever host its record names, it was seen here.
  if (!isRecorded || !isLocal(core, agent)) await stopLabelled(core, cases, offence);
}

/** It was killed, and that this runs is nothing new: it is still owed. */
const owesAll = ({ status, kill }: Agent, seen: readonly Sighting[]): boolean =>
  status === 'killed' && seen.every(({ layer }) => kill?.pending.includes(layer));

/** Leaves it to the debt, which has its own times; unless there is none, as under a record that was put back. */
async function payUnlessDue(core: Core, cases: Cases, agent: Agent): Promise<void> {
  const { agentId, kill } = agent;
  const debts = await core.records.debts(core.hostId, Number.MAX_SAFE_INTEGER, MANY);
  if (debts.includes(agentId) || cases.isWorkedOn(agentId)) return;
  const command: KillCommand = { type: 'kill', operationId: kill?.operationId ?? '', agentId, actor: itself };
  await cases.follow(command, { kind: 'owing', agent }, core.clock.monotonic())?.done;
}

/**
 * Looks at what runs on this host and stops again what must not: what was killed, whoever brought it back, and what
 * was started against the latch. Remembers the records on the way.
 * @throws KillswitchError `store_unavailable`
 */
export async function enforce(core: Core, cases: Cases, sightings: readonly Sighting[]): Promise<void> {
  const idle = sightings.filter(({ agentId }) => !cases.isWorkedOn(agentId));
  const byAgent = new Map<string, Sighting[]>();
  for (const sighting of idle) {
    byAgent.set(sighting.agentId, [...(byAgent.get(sighting.agentId) ?? []), sighting]);
  }
  if (byAgent.size === 0) return;
  const agentIds = [...byAgent.keys()];
  const [stored, killed, { latch }] = await Promise.all([
    core.records.agents(agentIds),
    core.records.tombstoned(agentIds),
    findLatch(core),
  ]);
  const readings = new Map(stored.map(one => [one.agentId, readRecord(one)]));
  const work = agentIds.map(async (agentId, index) => {
    const reading = readings.get(agentId);
    const agent = reading?.kind === 'agent' ? reading.agent : undefined;
    if (agent) core.remembered.set(agentId, agent);
    const seen = byAgent.get(agentId) ?? [];
    // Taken up by somebody else while the store was asked.
    if (cases.isWorkedOn(agentId)) return;
    if (agent && isLocal(core, agent) && owesAll(agent, seen)) return await payUnlessDue(core, cases, agent);
    if (killed[index] || agent?.status === 'killed') {
      await stopAgain(core, cases, { agentId, reading, why: 'RESURRECTION' });
    } else if (isAgainstLatch(core, latch, agent ?? { agentId, status: 'spawning', labels: {} }, seen)) {
      await stopAgain(core, cases, { agentId, reading, why: 'LATCH_ENFORCED' });
    }
  });
  const failed = (await Promise.allSettled(work)).filter(result => result.status === 'rejected');
  if (failed[0]) throw failed[0].reason;
}

/** Marks killed again what another program wrote over: an active record under an ID that was killed. */
export async function enforceTombstone(core: Core, cases: Cases, stored: StoredAgent): Promise<void> {
  const { agentId, tombstoned } = stored;
  if (!tombstoned || cases.isWorkedOn(agentId)) return;
  const reading = readRecord(stored);
  if (reading.kind === 'agent' && isActive(reading.agent.status)) {
    await stopRecorded(core, cases, { agentId, reading, why: 'RESURRECTION' }, reading);
  }
}

/** The same for every record. @throws KillswitchError `store_unavailable` */
export async function enforceTombstones(core: Core, cases: Cases): Promise<void> {
  for await (const page of core.records.scan('all')) {
    await Promise.all(page.map(stored => enforceTombstone(core, cases, stored)));
  }
}
