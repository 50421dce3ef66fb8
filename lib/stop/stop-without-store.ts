import { discover } from '../discovery/discover.js';
import { type Agent, isActive } from '../domain/agent.js';
import { covers, narrow, outside } from '../domain/authorize.js';
import type { Command, KillAllCommand, KillCommand } from '../domain/command.js';
import { matches } from '../domain/selector.js';
import { type Core, timestamp } from '../ports/core.js';
import { encodeCommand } from '../store/command-codec.js';
import type { Job } from './in-flight.js';
import type { ReceiptBuilder, Stoppable } from './receipt.js';

const unknown = (agentId: string): string =>
  `${agentId}: left running: its record cannot be read now, so it is unknown whether it is selected`;

/** What runs here under a label, or was found by what it is, with its record as it was when it was last read. */
async function runningHere(core: Core, receipt: ReceiptBuilder): Promise<Map<string, Agent | undefined>> {
  const { seen, blind } = await discover(core);
  receipt.blind(blind);
  const found = [...core.recordCache.values()].filter(isKnownByDetector);
  return new Map([
    ...found.map(agent => [agent.agentId, agent] as const),
    ...seen.map(({ agentId }) => [agentId, core.recordCache.get(agentId)] as const),
  ]);
}

/** It carries no label that a scanner sees. */
const isKnownByDetector = ({ source, detector = '', status }: Agent): boolean =>
  source === 'observed' && isActive(status) && !['', 'label', 'variable'].includes(detector);

/**
 * Who is selected of those. One whose record was never read is selected only by what its label says: to stop it for
 * a task that it may not belong to would let a narrowed credential reach everything while the store is down.
 */
async function selected(core: Core, command: KillAllCommand, receipt: ReceiptBuilder): Promise<Stoppable[]> {
  const selector = narrow(command.selector, command.actor.within);
  const { agentIds, ...content } = selector;
  const byLabel = Object.values(content).every(member => member === undefined);
  const chosen: Stoppable[] = [];
  for (const [agentId, agent] of await runningHere(core, receipt)) {
    if (agent ? matches(selector, agent) : byLabel && (agentIds?.includes(agentId) ?? true)) {
      chosen.push(agent ?? { agentId });
    } else if (!agent && !byLabel) {
      receipt.fail(unknown(agentId));
    }
  }
  return chosen;
}

/** Who of those that run here is stopped by this command for what was last read of it. */
const activeByMemory = ({ recordCache }: Core, command: Command): string[] =>
  [...recordCache.values()]
    .filter(agent => isActive(agent.status) && isMeant(command, agent))
    .map(({ agentId }) => agentId);

const isMeant = (command: Command, agent: Agent): boolean =>
  command.type === 'kill'
    ? command.agentId === agent.agentId
    : matches(narrow(command.selector, command.actor.within), agent);

/** @throws KillswitchError `forbidden` if it is known to lie outside */
function addressed(
  { recordCache }: Core,
  { agentId, actor }: KillCommand,
  receipt: ReceiptBuilder,
): Stoppable[] {
  const agent = recordCache.get(agentId);
  if (covers(actor.within, agent ?? { agentId })) return [agent ?? { agentId }];
  if (agent) throw outside();
  receipt.fail(unknown(agentId));
  return [];
}

/**
 * Carries out a command while the store does not answer: writes it down on this host's disk, to be carried on with
 * when the store is back, and stops at once what carries the label here.
 * @throws KillswitchError `forbidden`, with nothing written
 */
export async function stopWithoutStore(
  core: Core,
  { command, order, receipt, inFlight }: Job,
): Promise<void> {
  const { operationId } = command;
  const addressees = command.type === 'kill' ? addressed(core, command, receipt) : [];
  receipt.degrade();
  const wereActive = activeByMemory(core, command);
  const intent = wereActive.length > 0 ? { ...command, wereActive } : command;
  const written = Promise.resolve()
    .then(() => core.journal.append(operationId, encodeCommand(core, intent, timestamp(core))))
    .catch((error: unknown) => {
      core.log.error({ err: error, operationId }, 'the journal was not written');
      receipt.fail('the order could not be written down: repeat it when the store is back');
    });
  const agents = command.type === 'kill' ? addressees : await selected(core, command, receipt);
  for (const agent of agents) receipt.add(inFlight.run({ ...order, agent, isRecorded: false }));
  await written;
}
