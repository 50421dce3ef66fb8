import type { Command } from '../domain/command.js';
import type { KillswitchError } from '../domain/errors.js';
import { type AgentReceipt, areDown, isRefused, type Receipt } from '../domain/outcome.js';
import {
  blindWarning,
  degradedMessage,
  describeErrors,
  dryRunMessage,
  isUnseen,
  killAllMessage,
  killMessage,
  notReachedMessage,
  notYetMessage,
  unseenWarning,
} from '../domain/wording.js';

/** Agents named one by one in a receipt, and sentences in `errors`; the rest is only counted. */
export const MAX_NAMED = 1_000;
/** How many agents one warning names. */
const MAX_IN_WARNING = 5;

/** What is counted of many agents. */
export interface Tally {
  readonly counts: Counts;
  readonly errors: readonly string[];
}

type Counts = Pick<Receipt, 'total' | 'killed' | 'pending' | 'refused'> & {
  readonly unverified: number;
  readonly unseen: number;
};

export const EMPTY: Tally = {
  counts: { total: 0, killed: 0, pending: 0, refused: 0, unverified: 0, unseen: 0 },
  errors: [],
};

const errorsOf = (agent: AgentReceipt): string[] => describeErrors(agent.agentId, agent);

const count = (counts: Counts, agent: AgentReceipt): Counts => ({
  total: counts.total + 1,
  killed: counts.killed + (!agent.error && areDown(agent.outcomes) ? 1 : 0),
  pending: counts.pending + (agent.pending.length > 0 ? 1 : 0),
  refused: counts.refused + (agent.outcomes.some(isRefused) ? 1 : 0),
  unverified: counts.unverified + (agent.verified ? 0 : 1),
  unseen: counts.unseen + (isUnseen(agent) ? 1 : 0),
});

/** Counts one more agent; at most 1,000 sentences are kept. */
export function tallied({ counts, errors }: Tally, agent: AgentReceipt): Tally {
  const more = errors.length < MAX_NAMED ? errorsOf(agent) : [];
  return { counts: count(counts, agent), errors: more.length > 0 ? [...errors, ...more] : errors };
}

/** What is known of one command so far. */
export interface Known {
  readonly named: readonly AgentReceipt[];
  /** Those beyond the first 1,000 that are still worked on. */
  readonly unnamed: readonly AgentReceipt[];
  /** Those beyond the first 1,000 that have ended. */
  readonly ended: Tally;
  readonly failures: readonly string[];
  readonly warnings: readonly string[];
  readonly blindReasons: readonly string[];
  readonly degraded: boolean;
  /** Absent: more agents may be found. `error` says why the rest could not be reached. */
  readonly end: { readonly error?: KillswitchError | undefined } | undefined;
}

/** The receipt of a command from what is known of it. */
export function summarize(command: Command, known: Known): Receipt {
  const { named, unnamed, ended, failures, degraded, end } = known;
  const agents = [...named, ...unnamed];
  const { total, killed, pending, refused, unverified, unseen } = agents.reduce(count, ended.counts);
  const incomplete = !end || end.error !== undefined || known.blindReasons.length > 0;
  const common = {
    operationId: command.operationId,
    ...(incomplete ? { incomplete: true as const } : {}),
    ...(degraded ? { degraded: true as const } : {}),
    total,
    agents: named,
  };
  if (command.dryRun) {
    return {
      ...common,
      ...{ killed: 0, failed: 0, pending: 0, refused: 0 },
      message: dryRunMessage(total),
      dryRun: true,
      verified: false,
      ...nonEmpty('warnings', known.warnings),
    };
  }
  const unreached = end?.error ? [`selection: ${end.error.message}`] : [];
  const errors = [...unreached, ...failures, ...agents.flatMap(errorsOf), ...ended.errors];
  return {
    ...common,
    message: degraded ? degradedMessage(total - unverified, total) : messageOf(),
    verified: total > 0 && !incomplete && !degraded && unverified === 0,
    killed,
    failed: total - killed,
    pending,
    refused,
    ...nonEmpty('errors', errors.slice(0, MAX_NAMED)),
    ...nonEmpty('warnings', warningsOf(known, unseen)),
  };

  function messageOf(): string {
    if (command.type === 'kill-all') return killAllMessage({ total, killed, pending, refused }, incomplete);
    const [first] = named;
    if (first) return killMessage(command.agentId, first);
    return end?.error
      ? notReachedMessage(command.agentId, end.error.message)
      : notYetMessage(command.agentId);
  }
}

function warningsOf({ named, blindReasons, warnings, degraded, end }: Known, unseen: number): string[] {
  const unseenIds = named
    .filter(isUnseen)
    .map(({ agentId }) => agentId)
    .slice(0, MAX_IN_WARNING);
  return [
    ...blindReasons.map(blindWarning),
    ...(end && unseen > 0 ? [unseenWarning(unseenIds, unseen - unseenIds.length, !degraded)] : []),
    ...warnings,
  ];
}

const nonEmpty = <K extends string>(
  name: K,
  list: readonly string[],
): Partial<Record<K, readonly string[]>> =>
  list.length > 0 ? ({ [name]: list } as Partial<Record<K, readonly string[]>>) : {};
