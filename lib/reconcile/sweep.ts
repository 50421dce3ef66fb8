import { detectors } from '../discovery/detectors/index.js';
import { viewOf } from '../discovery/host-view.js';
import { kinshipOf } from '../discovery/kinship.js';
import { type Leftover, type Leftovers, type LeftProcess, leftoversIn } from '../discovery/leftovers.js';
import type { RecordedAgent } from '../discovery/living.js';
import { variablesOf } from '../discovery/marks.js';
import type { Root } from '../discovery/roots.js';
import { sessionInFiles } from '../discovery/session-files.js';
import { AGENT_ID } from '../domain/agent.js';
import type { EndedProcess, Ender } from '../ports/ender.js';
import type { HostFiles } from '../ports/host-files.js';
import type { ProcessTable } from '../ports/process-table.js';
import type { ProcessPin } from '../ports/recognition.js';
import { withTimeout } from '../util/with-timeout.js';

export interface SweepSources {
  readonly table: ProcessTable;
  readonly files: HostFiles;
  readonly ender: Ender;
  /** The variable that holds an agent's ID. */
  readonly agentVariable: string;
  /** The records of these agents, of those that have one. */
  readonly recordsOf: (agentIds: readonly string[]) => Promise<ReadonlyMap<string, RecordedAgent>>;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** What ended agents left on this host, and what could not be looked at. */
export interface Look extends Leftovers {
  /** How many processes this user may not read: leftovers among them are not found. */
  readonly unread: number;
  /** What else kept it from seeing all, in words that may be shown. */
  readonly blind: readonly string[];
}

/** What became of one agent's leftovers. */
export interface Swept {
  readonly leftover: Leftover;
  /** Those that were ended; what was born meanwhile is among them. */
  readonly processes: readonly EndedProcess[];
  /** How many of those found before were left alone: they are no longer known for certain as what they were. */
  readonly spared: number;
}

/** For what is on a disk, in milliseconds: it may hang. */
const FILES_MS = 1_000;
/** What forks faster than it is seen is told as still alive. */
const ROUNDS = 5;

/** Looks for what ended agents left. Changes nothing. @throws Error when the processes cannot be looked at */
export async function lookForLeftovers(sources: SweepSources, olderThan: number): Promise<Look> {
  const { table, files, agentVariable, recordsOf, now } = sources;
  const listing = await table.list(variablesOf(detectors, agentVariable));
  const view = viewOf(listing, detectors, agentVariable);
  const kinship = kinshipOf(view);
  const sessions = new Map<Root, string>();
  const blind = listing.hidden === undefined ? [] : [listing.hidden];
  const ids = new Set(listing.processes.flatMap(one => idsIn(one.environment[agentVariable], one.cgroup)));
  const [records] = await Promise.all([
    recordsOf([...ids]).catch((error: unknown) => {
      blind.push(`the agents’ records cannot be read: ${error instanceof Error ? error.message : error}`);
      return new Map<string, RecordedAgent>();
    }),
    ...kinship.roots.map(async root => {
      const session = await withTimeout(sessionInFiles(files, root), FILES_MS, () => undefined);
      if (session !== undefined) sessions.set(root, session);
    }),
  ]);
  const found = leftoversIn(
    view,
    { now: now(), olderThan, recordOf: id => records.get(id), sessionOf: root => sessions.get(root) },
    kinship,
  );
  return { ...found, unread: listing.unread, blind };
}

const idsIn = (variable: string | undefined, cgroup = ''): readonly string[] =>
  [variable, /\/killswitch@([^/]+)/.exec(cgroup)?.[1]].flatMap(id =>
    id !== undefined && AGENT_ID.test(id) ? [id] : [],
  );

const keyOf = ({ pid, startTime }: ProcessPin): string => `${pid}:${startTime}`;

/** Milliseconds that the start of a process may be reckoned too early: it is counted in ticks of the kernel. */
const SLACK = 100;

/**
 * Ends what these agents left: looks once more, ends what still is a leftover of theirs, and looks again for what that
 * started meanwhile, until nothing is left.
 * @param found by an earlier look
 * @throws Error when the processes cannot be looked at
 */
export async function endLeftovers(
  sources: SweepSources,
  found: readonly Leftover[],
  { deadline, olderThan }: { readonly deadline: AbortSignal; readonly olderThan: number },
): Promise<readonly Swept[]> {
  const ended = new Map(found.map(one => [one.agentId, new Map<string, EndedProcess>()]));
  const since = sources.now() - SLACK;
  for (let round = 0; round < ROUNDS && !deadline.aborted; round += 1) {
    // What they start now has no age, and is theirs all the same.
    const { leftovers } = await lookForLeftovers(sources, round === 0 ? olderThan : 0);
    const isNew = ({ startedAt = '' }: LeftProcess): boolean => round === 0 || Date.parse(startedAt) >= since;
    const due = leftovers.flatMap(({ agentId, processes }) => {
      const done = ended.get(agentId);
      return processes.flatMap(one => (done && !done.has(keyOf(one)) && isNew(one) ? [{ done, one }] : []));
    });
    if (due.length === 0) break;
    const pins = due.map(({ one: { pid, startTime } }) => ({ pid, startTime }));
    for (const [at, result] of (await sources.ender.end(pins, deadline)).entries())
      due[at]?.done.set(keyOf(result), result);
  }
  return found.map(leftover => {
    const done = ended.get(leftover.agentId) ?? new Map<string, EndedProcess>();
    const spared = leftover.processes.filter(one => !done.has(keyOf(one))).length;
    return { leftover, processes: [...done.values()], spared };
  });
}

/** Whether all of it was seen to be gone. */
export const isClean = ({ processes, spared }: Swept): boolean =>
  spared === 0 && processes.every(({ outcome }) => outcome === 'dead' || outcome === 'gone');
