import * as z from 'zod';
import { keyOf } from '../domain/debt.js';
import {
  type AgentReceipt,
  areDown,
  areVerified,
  isRefused,
  type LayerOutcome,
  type OutcomeName,
  pendingOf,
  type Receipt,
} from '../domain/outcome.js';
import { describeErrors } from '../domain/wording.js';
import { omitUndefined } from '../util/omit-undefined.js';

/** The members of an agent's receipt that this program relies on; others pass through. */
export const agentShape = z.looseObject({
  agentId: z.string(),
  operationId: z.string(),
  verified: z.boolean(),
  host: z.string().optional(),
  pending: z.array(z.string()),
  outcomes: z.array(z.looseObject({ layer: z.string(), outcome: z.string() })),
  error: z.looseObject({ code: z.string(), detail: z.string() }).optional(),
}) as unknown as z.ZodType<AgentReceipt>;

/** Descending by how settled it is; an unknown name comes from a newer server and counts as open. */
const SETTLED: readonly OutcomeName[] = [
  ...(['removed', 'dead', 'alreadyGone', 'notFound', 'skipped'] as const),
  ...(['refused', 'failed', 'blind', 'pending'] as const),
];
/** The least settled first; among settled ones, a death that was seen outweighs nothing found. */
const OPEN: readonly OutcomeName[] = [
  ...([
    'pending',
    'failed',
    'blind',
    'refused',
    'dead',
    'removed',
    'alreadyGone',
    'notFound',
    'skipped',
  ] as const),
];
const isKnown = (outcomes: readonly LayerOutcome[]): boolean =>
  outcomes.every(({ outcome }) => SETTLED.includes(outcome));
const first = (order: readonly OutcomeName[], seen: readonly LayerOutcome[]): LayerOutcome[] =>
  [...seen].sort((a, b) => order.indexOf(a.outcome) - order.indexOf(b.outcome)).slice(0, 1);

/**
 * Whether the receipts of several origins are about one record: the same operation killed it, and it names its host. The
 * other origins only wait for that host, so the most settled receipt is the host's.
 */
export const isOneRecord = ([one, ...others]: readonly AgentReceipt[]): boolean =>
  one?.host !== undefined &&
  others.every(({ host, operationId }) => host === one.host && operationId === one.operationId);

/**
 * The outcomes by what they are about. An origin that names no sandbox of a layer, as one of version 0.1, or one that only
 * waits, speaks of the one that others name; where they name several, it says nothing of any.
 */
function placesAmong(known: readonly LayerOutcome[], isOne: boolean): readonly (readonly LayerOutcome[])[] {
  const layers = [...new Set(known.map(({ layer }) => layer))];
  return layers.flatMap(layer => {
    const about = known.filter(one => one.layer === layer);
    const keys = new Set(about.filter(({ kind }) => kind !== undefined).map(keyOf));
    if (keys.size < 2) return [about];
    const unnamed = about.filter(({ kind }) => kind === undefined);
    const places = [...keys].map(key => about.filter(one => one.kind !== undefined && keyOf(one) === key));
    return unnamed.length > 0 && !isOne ? [...places, unnamed] : places;
  });
}

/**
 * Merges the receipts of several origins for one agent ID. For one record, the most settled outcome of each layer counts.
 * Otherwise (separate stores, or a record without a host, which every host looks for) the least settled one counts, and
 * the agent is verified only if all say so.
 */
export function mergeAgent(told: readonly AgentReceipt[]): AgentReceipt {
  const isOne = isOneRecord(told);
  const known = told.flatMap(({ outcomes }) => outcomes);
  const named = (names: readonly string[]): LayerOutcome[] =>
    known.filter(({ outcome }) => names.includes(outcome));
  const unknown = known.filter(one => !named(SETTLED).includes(one));
  const outcomes = placesAmong(known, isOne).flatMap(place => {
    const strange = unknown.filter(one => place.includes(one));
    const seen = named(SETTLED).filter(one => place.includes(one));
    if (isOne) return seen.length > 0 ? first(SETTLED, seen) : strange.slice(0, 1);
    return strange.length > 0 ? strange.slice(0, 1) : first(OPEN, seen);
  });
  const failures = told.flatMap(({ error }) => (error ? [error] : []));
  const error = isOne && failures.length < told.length ? undefined : failures[0];
  const says = told.map(({ verified }) => verified);
  return omitUndefined<AgentReceipt>({
    ...(Object.assign({}, ...[...told].reverse()) as AgentReceipt),
    verified:
      !error &&
      isKnown(outcomes) &&
      areVerified(outcomes) &&
      (isOne ? says.includes(true) : !says.includes(false)),
    pending: isOne
      ? pendingOf(outcomes)
      : [...new Set([...told.flatMap(({ pending }) => pending), ...pendingOf(outcomes)])],
    outcomes,
    error,
  });
}

/** By ID, in the order of first appearance. */
export function groupAgents(told: readonly AgentReceipt[]): readonly (readonly AgentReceipt[])[] {
  const groups = new Map<string, AgentReceipt[]>();
  for (const agent of told) groups.set(agent.agentId, [...(groups.get(agent.agentId) ?? []), agent]);
  return [...groups.values()];
}

export type Counts = Pick<Receipt, 'total' | 'killed' | 'pending' | 'refused'>;

/** The agent's part in the counts of a receipt. */
export const countsOf = ({ error, outcomes, pending }: AgentReceipt): Counts => ({
  total: 1,
  killed: !error && isKnown(outcomes) && areDown(outcomes) ? 1 : 0,
  pending: pending.length > 0 ? 1 : 0,
  refused: outcomes.some(isRefused) ? 1 : 0,
});

/** Whether anything of it is left to confirm. */
export function isOpen(agent: AgentReceipt): boolean {
  const { killed, pending, refused } = countsOf(agent);
  return killed === 0 || pending + refused > 0;
}

/** Merges the agents of several receipts; one that several receipts list is merged into one. */
export function mergeSentences(
  told: readonly (readonly string[] | undefined)[],
  groups: readonly (readonly AgentReceipt[])[],
): string[] {
  const shared = groups.filter(group => group.length > 1);
  const isStale = (sentence: string): boolean =>
    shared.some(([one]) => sentence.startsWith(`${one?.agentId}: `));
  const kept = told.flatMap(sentences => sentences ?? []).filter(sentence => !isStale(sentence));
  return [
    ...new Set([...kept, ...shared.map(mergeAgent).flatMap(agent => describeErrors(agent.agentId, agent))]),
  ];
}
