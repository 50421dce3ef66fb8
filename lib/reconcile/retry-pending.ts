import { systemActor } from '../domain/actor.js';
import type { Agent } from '../domain/agent.js';
import type { Command } from '../domain/command.js';
import { isStoreDown } from '../domain/errors.js';
import { readRecord } from '../domain/record.js';
import type { Core } from '../ports/core.js';
import { isLocal } from '../ports/core.js';
import type { Step, StoredAgent } from '../ports/records.js';
import type { InFlight } from '../stop/in-flight.js';
import { orderOf, recordedKill } from '../stop/kill-agent.js';
import type { Stop } from '../stop/stop.js';
import { decodeCommand } from '../store/command-codec.js';
import { agentReader, compareAndSet } from '../store/compare-and-set.js';
import { findOperation } from '../store/operation.js';
import { settleEach } from '../store/settle-each.js';
import { enforceTombstone } from './enforce.js';

const PAGE = 1_000;

interface Debtor {
  readonly agent: Agent;
  readonly operationId: string;
}

/** The agent that owes, with the operation that killed it; `undefined`: its record says nothing of the kind. */
function debtorIn(stored: StoredAgent | undefined): Debtor | undefined {
  const reading = stored && readRecord(stored);
  if (reading?.kind !== 'agent') return undefined;
  const { agent } = reading;
  if (agent.status !== 'killed' || !agent.kill || agent.kill.confirmedAt || agent.kill.dismissed) {
    return undefined;
  }
  return { agent, operationId: agent.kill.operationId };
}

/** Whose debt it is stands in the record; what is owed is paid for under the operation that killed it. */
async function payForAgent(core: Core, inFlight: InFlight, agentId: string): Promise<void> {
  const [stored] = await core.records.agents([agentId]);
  const debtor = debtorIn(stored);
  if (!debtor) {
    // A debt whose record was overwritten is owed again.
    if (stored) await enforceTombstone(core, inFlight, stored);
    return forget(core, agentId);
  }
  const { agent, operationId } = debtor;
  if (agent.host !== undefined && !isLocal(core, agent)) {
    await owe(core, agentId, { host: agent.host, dueAt: core.clock.now() });
    return forget(core, agentId);
  }
  const order = orderOf(core, { operationId, actor: systemActor });
  await inFlight.run(recordedKill(order, agent)).done;
}

/** Changes who owes, and nothing of the record. */
const owe = (core: Core, agentId: string, debt: NonNullable<Step['debt']>): Promise<void> =>
  compareAndSet(
    core,
    agentReader(core, agentId),
    stored => {
      const debtor = debtorIn(stored);
      // It may have been killed since.
      const isOurs = debt.dueAt === null && debtor !== undefined && isLocal(core, debtor.agent);
      // Bytes that are no text cannot be compared.
      if (isOurs || (stored && stored.raw === undefined)) return { value: undefined };
      const text = stored?.raw ?? null;
      const document = { kind: 'agent', id: agentId } as const;
      return { step: { document, expect: text, next: text, debt, audit: [] }, value: undefined };
    },
    'debt changed',
  );

/** A debt that is not ours: the record is gone, settled, overwritten, or names another host. */
const forget = (core: Core, agentId: string): Promise<void> =>
  owe(core, agentId, { host: core.hostId, dueAt: null });

/**
 * Pays what this host owes: killed agents that are not settled, and commands that did not come to their end.
 * @param before epoch milliseconds: only what was due by then
 * @throws KillswitchError `store_unavailable`
 */
export async function payDebts(core: Core, inFlight: InFlight, stop: Stop, before: number): Promise<void> {
  const ids = await core.records.debts(core.hostId, before, PAGE);
  const work = ids.map(async id => {
    if (inFlight.has(id) || stop.isRunning(id)) return;
    const found = await findOperation(core, id);
    if (found && !found.operation) return giveUp(core, id, found.raw);
    const operation = found?.operation;
    const command = operation?.state === 'running' ? intentOf(core, id, operation.intent) : undefined;
    if (command) await stop.resume(command);
    else await payForAgent(core, inFlight, id);
  });
  await settleEach(work);
}

/** A stop is never denied: what is not known to be ours is carried out too, and told. */
function intentOf(core: Core, operationId: string, text: string): Command | undefined {
  const command = decodeCommand(core, operationId, text);
  if (command?.actor.unverified) {
    const { type, reason } = command;
    core.log.error(
      { operationId, type, reason },
      'an order that is not signed by this program is carried out',
    );
  }
  return command;
}

/** An operation whose text cannot be read is not carried out, now or later: it is said once, and kept as it stands. */
async function giveUp(core: Core, operationId: string, raw: string): Promise<void> {
  core.log.error({ operationId }, 'an operation that is owed cannot be read, and is not carried out');
  const document = { kind: 'operation', id: operationId } as const;
  const debt = { host: core.hostId, dueAt: null };
  await core.records.commit([{ document, expect: raw, next: raw, debt, audit: [] }]);
}

/**
 * Carries on with what was asked for while the store did not answer, oldest first.
 * @throws KillswitchError `store_unavailable`
 */
export async function replayJournal(core: Core, stop: Stop): Promise<void> {
  const { journal, log } = core;
  for (const { id, text } of await journal.read()) {
    const command = intentOf(core, id, text);
    if (!command) {
      log.error({ id }, 'a line of the journal cannot be read and is left there');
      continue;
    }
    // It may be carried out without the store still, and then nothing of it is written yet: it stays for the next time.
    if (stop.isRunning(id)) continue;
    try {
      const found = await findOperation(core, id);
      // One that the store knows as well is being carried out already, perhaps: it is done once.
      if (found?.operation?.state !== 'ended') await stop.resume(command);
      await journal.remove(id);
    } catch (error) {
      if (isStoreDown(error)) throw error;
      // One that goes wrong does not keep the others from being carried out.
      log.error({ err: error, operationId: id }, 'an order in the journal was not carried out');
    }
  }
}
