import type { Agent } from '../domain/agent.js';
import { isContainer, placesOf, recordable } from '../domain/sandbox.js';
import type { Core } from '../ports/core.js';
import type { Sighting } from '../ports/scanner.js';
import { omitUndefined } from '../util/omit-undefined.js';
import { type Discovery, discover } from './discover.js';

/** What runs on this host under a label, by agent. */
export interface Observation extends Omit<Discovery, 'seen'> {
  readonly byAgent: ReadonlyMap<string, readonly Sighting[]>;
  /** When the scan began, in epoch milliseconds. */
  readonly since: number;
}

export function groupSightings(seen: readonly Sighting[]): ReadonlyMap<string, readonly Sighting[]> {
  const byAgent = new Map<string, Sighting[]>();
  for (const sighting of seen) {
    byAgent.set(sighting.agentId, [...(byAgent.get(sighting.agentId) ?? []), sighting]);
  }
  return byAgent;
}

/** Scans this host once. Never rejects. */
export async function observe(core: Core): Promise<Observation> {
  const since = core.clock.now();
  const { seen, ...rest } = await discover(core);
  return { ...rest, byAgent: groupSightings(seen), since };
}

/** The earliest known start in epoch milliseconds; `undefined`: none is known. */
export function firstStart(seen: readonly Sighting[]): number | undefined {
  const starts = seen.flatMap(({ startedAt }) => (startedAt === undefined ? [] : [startedAt]));
  return starts.length > 0 ? Math.min(...starts) : undefined;
}

/**
 * Makes the record of an agent that runs here under a label and is not registered.
 * @param seen its sightings; empty if this host could not be scanned
 * @param expected the container that the caller expects it in
 */
export function observedAgent(
  core: Pick<Core, 'hostId'>,
  agentId: string,
  seen: readonly Sighting[],
  expected?: string,
): Agent {
  const sandboxes = recordable(seen, expected);
  const first = firstStart(seen);
  return omitUndefined<Agent>({
    agentId,
    status: 'running',
    startedAt: first === undefined ? undefined : new Date(first).toISOString(),
    host: core.hostId,
    ...placesOf(sandboxes),
    sandboxes,
    labels: {},
    source: 'observed',
    detector: seen.find(one => one.detector !== undefined)?.detector ?? carriedBy(seen),
  });
}

const carriedBy = (seen: readonly Sighting[]): string =>
  seen.length === 0 || seen.some(({ kind }) => isContainer(kind)) ? 'label' : 'variable';

/** What is to be stopped of an agent, with the processes that a detector found of it, which its record need not name. */
export function withFound<T extends Pick<Agent, 'agentId'> & Partial<Pick<Agent, 'sandboxes' | 'detector'>>>(
  agent: T,
  seen: readonly Sighting[] = [],
): T {
  const found = seen.filter(({ detector }) => detector !== undefined);
  const [first] = found;
  if (first?.detector === undefined) return agent;
  const { sandboxes = [] } = agent;
  const others = found.filter(({ id }) => !sandboxes.some(one => one.id === id));
  return {
    ...agent,
    sandboxes: [...sandboxes, ...others.map(({ kind, id }) => ({ kind, id }))],
    detector: agent.detector ?? first.detector,
  };
}
