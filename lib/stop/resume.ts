import type { Agent, Kill } from '../domain/agent.js';
import type { AuditEntry } from '../domain/audit-entry.js';
import type { Command } from '../domain/command.js';
import { isStoreDown, shown } from '../domain/errors.js';
import { type Reading, readRecord } from '../domain/record.js';
import type { Core } from '../ports/core.js';
import { beginOperation, endOperation } from '../store/operation.js';
import { omitUndefined } from '../util/omit-undefined.js';
import type { Job } from './in-flight.js';
import { recordedKill } from './kill-agent.js';
import { type Entry, endedEntry, type Stoppable } from './receipt.js';

/**
 * A command that died half-way: takes up those that it had marked killed, then goes on with the rest.
 * @throws KillswitchError `store_unavailable`
 */
export async function resume(
  core: Core,
  job: Job,
  killRest: (command: Command) => Promise<void>,
): Promise<void> {
  const { command, receipt } = job;
  await beginOperation(core, command);
  const { known, isLatched } = await recall(core, job);
  for (const entry of known) receipt.add(entry);
  try {
    if (command.type === 'kill-all') {
      // The emergency stop may have been reset since: it is not engaged again.
      await killRest(isLatched ? { ...command, latch: false } : command);
    } else if (known.length === 0) {
      await killRest(command);
    }
    receipt.close();
  } catch (error) {
    if (isStoreDown(error)) throw error;
    receipt.close(shown(error));
  }
  await receipt.finished();
  await endOperation(core, command, receipt.build());
}

export interface Recalled {
  readonly known: readonly Entry[];
  /** It had engaged the emergency stop. */
  readonly isLatched: boolean;
}

/**
 * What a command had done before this process took it up, from its audit: those that still owe something are
 * worked on again, those that are settled are told as they were.
 * @throws KillswitchError `store_unavailable`
 */
export async function recall(
  core: Core,
  { order, inFlight }: Pick<Job, 'order' | 'inFlight'>,
): Promise<Recalled> {
  const { operationId } = order;
  let audited = await readAudit(core, operationId);
  const stored = await core.records.agents([...audited.accepted.keys()]);
  const readings = new Map(stored.map(one => [one.agentId, readRecord(one)]));
  // A debt paid between the two reads is in the audit by now, as its entry commits in one step with the record.
  const isPaid = (agentId: string): boolean =>
    killOf(readings.get(agentId), operationId)?.confirmedAt !== undefined;
  if ([...audited.accepted.keys()].some(id => isPaid(id) && !audited.settled.has(id))) {
    audited = await readAudit(core, operationId);
  }
  const { accepted, settled, isLatched } = audited;
  const known: Entry[] = [];
  for (const [agentId, entry] of accepted) {
    const { statusBefore } = entry;
    const outcomes = settled.get(agentId)?.outcomes;
    const debtor = debtorOf(readings.get(agentId), entry, outcomes !== undefined);
    const one = debtor
      ? inFlight.run(recordedKill(order, debtor))
      : outcomes && endedEntry(agentOf(readings.get(agentId), agentId), operationId, { outcomes });
    // Neither: another program has written its record over, and it is looked at as if it were new.
    if (!one) continue;
    if (statusBefore) one.statusBefore = statusBefore;
    known.push(one);
  }
  return { known, isLatched };
}

interface AuditedKills {
  readonly accepted: ReadonlyMap<string, AuditEntry>;
  /** Also those that came to an end which is not confirmed. */
  readonly settled: ReadonlyMap<string, AuditEntry>;
  readonly isLatched: boolean;
}

async function readAudit(core: Core, operationId: string): Promise<AuditedKills> {
  const accepted = new Map<string, AuditEntry>();
  const settled = new Map<string, AuditEntry>();
  let isLatched = false;
  for await (const entry of core.audit.query({ operationId })) {
    if (entry.operation === 'ENGAGE_LATCH') isLatched = true;
    if (entry.operation !== 'KILL_AGENT' || entry.agentId === undefined) continue;
    (entry.phase === 'accepted' ? accepted : settled).set(entry.agentId, entry);
  }
  return { accepted, settled, isLatched };
}

/** The mark that this very operation left in the record. */
const killOf = (reading: Reading | undefined, operationId: string | undefined): Kill | undefined =>
  reading?.kind === 'agent' && reading.agent.kill?.operationId === operationId
    ? reading.agent.kill
    : undefined;

const agentOf = (reading: Reading | undefined, agentId: string): Stoppable =>
  reading?.kind === 'agent' ? reading.agent : { agentId };

/** The agent that still owes something to this very operation. One without a record may run under its label. */
function debtorOf(
  reading: Reading | undefined,
  { agentId, operationId, taskId, timestamp, actor }: AuditEntry,
  isSettled: boolean,
): Agent | undefined {
  if (reading?.kind === 'agent') {
    const kill = killOf(reading, operationId);
    return kill && !kill.confirmedAt && !kill.dismissed ? reading.agent : undefined;
  }
  if (reading || isSettled || agentId === undefined || operationId === undefined) return undefined;
  const kill: Kill = { operationId, requestedAt: timestamp, requestedBy: actor, pending: [], attempts: 0 };
  return omitUndefined<Agent>({
    agentId,
    status: 'killed',
    taskId,
    sandboxes: [],
    labels: {},
    kill,
  } as Agent);
}
