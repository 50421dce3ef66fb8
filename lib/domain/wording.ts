import { because, describeLayer, type LayerWords } from './layer-wording.js';
import { type Name, naming } from './naming.js';
import {
  type AgentReceipt,
  areDown,
  isOpen,
  isOwed,
  isSandbox,
  type LayerOutcome,
  type Receipt,
} from './outcome.js';
import type { Selector } from './selector.js';

/*
 * Every sentence about the result of a stop: in answers, on the command line and in chats. All are made from the outcomes,
 * so that they never contradict each other.
 */

export const count = (agents: number): string => `${agents} ${agents === 1 ? 'agent' : 'agents'}`;

/** A selector in words. */
export function describeSelector(selector: Selector): string {
  const { agentIds, taskId, host, status, labels = {}, source, detector } = selector;
  const parts = [
    ...(agentIds ? [`ID ${agentIds.join(' or ')}`] : []),
    ...(taskId === undefined ? [] : [`task ${taskId}`]),
    ...(host === undefined ? [] : [`host ${host}`]),
    ...(status === undefined ? [] : [`status ${[status].flat().join(' or ')}`]),
    ...Object.entries(labels).map(([name, value]) => `label ${name}=${value}`),
    ...(source === undefined ? [] : [`source ${source}`]),
    ...(detector === undefined ? [] : [`detector ${detector}`]),
  ];
  return parts.length > 0 ? `the agents with ${parts.join(', ')}` : 'every agent';
}

interface LatchHold {
  readonly selector?: Selector | undefined;
  readonly since?: string | undefined;
  readonly by?: string | undefined;
  readonly reason?: string | undefined;
}

/** The emergency stop, as the HTTP contract answers it. */
export interface LatchOutline extends LatchHold {
  readonly engaged: boolean;
  readonly holds?: readonly LatchHold[] | undefined;
  /** From a gateway: the origins that could not be read. */
  readonly errors?: readonly string[] | undefined;
}

/** The state of the emergency stop, one line for each hold. */
export function describeLatch({ engaged, holds, errors, ...first }: LatchOutline): string[] {
  if (!engaged)
    return [`The emergency stop is not engaged${errors ? ' where it could be read' : ': agents can run'}`];
  if (!first.selector)
    return ['The emergency stop is ENGAGED for every agent: its stored selection cannot be read'];
  return (holds ?? [first]).map(({ selector = {}, since, by, reason }) => {
    const head = `The emergency stop is ENGAGED for ${describeSelector(selector)}, since ${since} by ${by}`;
    return head + because(reason);
  });
}

/** The state of one agent in a few words. */
export function describeState({ verified, outcomes, error }: AgentReceipt): string {
  if (error) return `not marked killed: ${error.detail}`;
  if (!areDown(outcomes)) return 'NOT CONFIRMED DEAD';
  if (!verified) return 'nothing was seen running';
  return outcomes.some(isOwed) ? 'dead, not cleaned up' : 'dead';
}

/** The state and the outcomes of one agent in one line. */
export function describeAgent(receipt: AgentReceipt, words: LayerWords = { paths: true }): string {
  // Once a death was seen, a second sandbox that was not found is not worth mentioning.
  const shown = receipt.outcomes.filter(seen => !(receipt.verified && seen.outcome === 'notFound'));
  const name = naming(receipt.outcomes);
  const parts = [describeState(receipt), ...shown.map(outcome => describeLayer(outcome, words, name))];
  return `${receipt.agentId}: ${parts.join('; ')}`;
}

const named = (outcomes: readonly LayerOutcome[], name: Name): string =>
  outcomes.map(seen => `${name(seen)} ${seen.outcome}`).join(', ');

/** The layers not cleaned up; only `refused` is worth adding. */
const uncleaned = (outcomes: readonly LayerOutcome[], name: Name): string =>
  outcomes.map(seen => (seen.outcome === 'refused' ? `${name(seen)} refused` : name(seen))).join(', ');

/** The message of one agent's kill. The first form is the specification's, to the letter. */
export function killMessage(agentId: string, receipt: AgentReceipt): string {
  const { verified, outcomes, error } = receipt;
  if (error) return `Agent ${agentId} could not be marked killed: ${error.detail}`;
  const owed = outcomes.filter(isOwed);
  const name = naming(outcomes);
  if (owed.length === 0) return `Agent ${agentId} killed successfully`;
  if (!areDown(outcomes)) return `Agent ${agentId} is not confirmed dead: ${named(owed, name)}`;
  const state = verified ? 'is dead' : 'is marked killed, and nothing of it was seen running';
  return `Agent ${agentId} ${state}; not cleaned up yet: ${uncleaned(owed, name)}`;
}

export const notReachedMessage = (agentId: string, why: string): string =>
  `Agent ${agentId} was not killed: ${why}`;

export const notYetMessage = (agentId: string): string =>
  `Agent ${agentId} is not killed yet: the store has not answered`;

/** A dry run only reads records. */
export const dryRunMessage = (total: number): string =>
  `Dry run: ${count(total)} would be marked killed and stopped; what runs of them was not looked at`;

/** Does not mention records, as none is written yet, nor what never ran here. */
export const degradedMessage = (seenDead: number, total: number): string =>
  `${seenDead} of ${count(total)} seen dead so far; the store does not answer, so the rest is done when it is back`;

type Counts = Pick<Receipt, 'total' | 'killed' | 'pending' | 'refused'>;

export function killAllMessage({ total, killed, pending, refused }: Counts, incomplete: boolean): string {
  if (total === 0) return incomplete ? 'No active agents found yet' : 'No active agents to kill';
  const parts = [`${killed} of ${count(total)} killed`];
  if (killed < total) parts.push(`${total - killed} not confirmed dead`);
  if (pending > 0) parts.push(`${pending} not cleaned up yet`);
  if (refused > 0) parts.push(`${refused} with a layer refused`);
  if (incomplete) parts.push('not every agent was reached');
  return parts.join(', ');
}

const UNSEEN = 'nothing was seen running of ';
const BLIND = 'not everything that runs could be seen: ';
const LEFT = 'left running, for they have no record that says whether they are selected: ';

/** For agents that owe nothing but were not seen to die. */
export const unseenWarning = (agentIds: readonly string[], more: number, isMarked = true): string => {
  const names = [...agentIds, ...(more > 0 ? [`${more} more`] : [])].join(', ');
  return `${UNSEEN}${names}${isMarked ? ': marked killed by the record alone' : ''}`;
};

export const isUnseenWarning = (warning: string): boolean => warning.startsWith(UNSEEN);

/** @param reason why a host could not be scanned completely */
export const blindWarning = (reason: string): string => `${BLIND}${reason}`;

/** For agents without a record, when the selector asks for members that only a record has. */
export const leftWarning = (agentIds: readonly string[]): string => `${LEFT}${agentIds.join(', ')}`;

/** Whether a warning is about one host, and so stays true whatever other hosts say. */
export const isLocalWarning = (warning: string): boolean =>
  warning.startsWith(BLIND) || warning.startsWith(LEFT);

/** One sentence for each error and each owed layer. */
export function describeErrors(
  agentId: string,
  { outcomes, error }: Pick<AgentReceipt, 'outcomes' | 'error'>,
): string[] {
  const name = naming(outcomes);
  const owed = outcomes.filter(isOwed).map(seen => {
    const what = seen.outcome === 'dead' ? 'not removed' : seen.outcome;
    return `${agentId}: ${name(seen)} ${what}${because(seen.detail)}`;
  });
  return [...(error ? [`${agentId}: ${error.detail}`] : []), ...owed];
}

/** Whether nothing of it may still run, but nothing was seen to die either. */
export const isUnseen = ({ verified, outcomes, error }: AgentReceipt): boolean =>
  !error && !verified && !outcomes.some(seen => isSandbox(seen) && isOpen(seen));

/** The members of a receipt that a headline needs, also of one that another server wrote. */
export interface Outline {
  readonly message: string;
  /** Every agent was seen dead. */
  readonly verified: boolean;
  /** Nothing is owed any more, every agent was reached, and the store knows. */
  readonly settled: boolean;
  readonly total: number;
  readonly killed: number;
  readonly agents: readonly AgentReceipt[];
}

/** The state of a stop in one line. `target` is the agent of a single kill. */
export function describeStop(seen: Outline, target: string | undefined): string {
  const { verified, settled, total, killed, message } = seen;
  if (target !== undefined) {
    if (verified)
      return settled
        ? `${target} is killed: it was seen dead`
        : `${target} is dead, and not all is cleaned up`;
    const isKilled = settled && seen.agents.length > 0;
    return isKilled
      ? `${target} is marked killed; nothing of it was seen running`
      : `${target} is NOT confirmed dead`;
  }
  if (total === 0) return message;
  if (verified)
    return settled
      ? `${count(total)} killed: all were seen dead`
      : `${count(total)} dead, and not all is cleaned up`;
  return settled
    ? `${message}; not every one was seen running`
    : `${killed} of ${count(total)} stopped, the rest is NOT confirmed dead`;
}

const MOST = 10;

/** One line for each agent, those not seen dead first; beyond ten, a count. Without paths of the host. */
export function describeAgents({ agents, total }: Pick<Outline, 'agents' | 'total'>): string[] {
  const sorted = [...agents].sort((a, b) => Number(a.verified) - Number(b.verified));
  const more = total - Math.min(agents.length, MOST);
  const lines = sorted.slice(0, MOST).map(agent => describeAgent(agent, { paths: false }));
  return [...lines, ...(more > 0 ? [`and ${count(more)} more`] : [])];
}
