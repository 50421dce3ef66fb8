import type { Status } from '../domain/agent.js';
import type { ProcessInfo } from '../ports/process-table.js';
import type { ProcessPin } from '../ports/recognition.js';
import { omitUndefined } from '../util/omit-undefined.js';
import { stripInvisible } from '../util/strip-invisible.js';
import type { HostView } from './host-view.js';
import { type Kinship, kinshipOf } from './kinship.js';
import { livingIn, type RecordedAgent, takesOver } from './living.js';
import { type FormerAgent, outlivedIn } from './outlived.js';
import { byAge, type Root } from './roots.js';

export interface LeftoverOptions {
  /** Epoch milliseconds. */
  readonly now: number;
  /** Processes that are younger, in milliseconds, are left out, with all below them. */
  readonly olderThan: number;
  /** `undefined`: it has no record, or none that could be read; then nothing says that it has ended. */
  readonly recordOf: (agentId: string) => RecordedAgent | undefined;
  /** What a tool wrote down of an agent's session; asked where no process shows it. */
  readonly sessionOf?: (root: Root) => string | undefined;
}

/** A process that is still there although its agent has ended. */
export interface LeftProcess extends ProcessPin {
  /** The name of what it runs. Untrusted. */
  readonly program: string;
  readonly memoryBytes: number;
  /** ISO 8601. */
  readonly startedAt?: string;
}

/** What one ended agent left behind on this host. */
export interface Leftover {
  /** The ID that the agent had, or would have had. */
  readonly agentId: string;
  /** Name of the detector whose marks the processes carry. */
  readonly detector?: string;
  /** What the agent's record says. An active one: its main process has ended all the same. */
  readonly status?: Status;
  /** What says that the agent has ended, in words that may be shown. */
  readonly evidence: readonly string[];
  /** The oldest first. */
  readonly processes: readonly LeftProcess[];
  readonly memoryBytes: number;
  /** When the oldest of them started, ISO 8601. */
  readonly oldest?: string;
}

export interface Leftovers {
  /** The one that holds the most memory first. */
  readonly leftovers: readonly Leftover[];
  /** Processes that would be among them, and are too young. */
  readonly young: number;
  /** Processes that lost their parent and may still belong to an agent that runs, or serve one. */
  readonly unsure: number;
}

interface Tree {
  readonly of: FormerAgent;
  readonly top: ProcessInfo;
  readonly processes: readonly ProcessInfo[];
}

/**
 * Finds the processes that agents left behind when they ended. A process is one only where that is certain: its agent's
 * record says that it has ended, or it lost its parent and carries the marks of a tool's agent that is not there any
 * more. Never among them: agents that run, with all that belongs to them or that they descend from; where people work;
 * services of the whole host; processes of containers; we ourselves.
 */
export function leftoversIn(
  view: HostView,
  options: LeftoverOptions,
  kinship: Kinship = kinshipOf(view),
): Leftovers {
  const { now, olderThan } = options;
  const living = livingIn(view, kinship, options.recordOf);
  const formerAgentOf = outlivedIn({ view, kinship, living, ...options });
  const trees: Tree[] = [];
  const unsure = new Set<ProcessInfo>();
  for (const top of view.listing.processes) {
    const of = formerAgentOf(top);
    if (of === undefined) continue;
    const processes = treeOf(top, view);
    if (of === 'unsure') for (const one of processes) unsure.add(one);
    else trees.push({ of, top, processes });
  }
  const isYoung = ({ top }: Tree): boolean =>
    olderThan > 0 && (top.startedAt === undefined || now - top.startedAt < olderThan);
  const byAgent = new Map<string, Tree[]>();
  for (const tree of trees.filter(one => !isYoung(one))) {
    const { agentId } = tree.of;
    byAgent.set(agentId, [...(byAgent.get(agentId) ?? []), tree]);
  }
  return {
    leftovers: [...byAgent]
      .map(([agentId, some]) => leftoverOf(agentId, some))
      .toSorted((one, other) => other.memoryBytes - one.memoryBytes),
    young: distinct(trees.filter(isYoung)).length,
    unsure: unsure.size,
  };
}

const distinct = (trees: readonly Tree[]): readonly ProcessInfo[] => [
  ...new Set(trees.flatMap(({ processes }) => processes)),
];

/** With all that descends from it, but for where people work. */
function treeOf(top: ProcessInfo, view: HostView): readonly ProcessInfo[] {
  const found = new Set([top]);
  for (const one of found)
    for (const child of view.childrenOf(one.pid))
      if (!view.isPlaceOfPeople(child) && !takesOver(child)) found.add(child);
  return [...found];
}

function leftoverOf(agentId: string, trees: readonly Tree[]): Leftover {
  const processes = distinct(trees).toSorted(byAge).map(shown);
  const [{ of } = trees[0] as Tree] = trees;
  return omitUndefined<Leftover>({
    agentId: stripInvisible(agentId),
    detector: of.detector,
    status: of.status,
    evidence: [...new Set(trees.map(tree => stripInvisible(tree.of.why)))],
    processes,
    memoryBytes: processes.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
    oldest: processes.find(({ startedAt }) => startedAt !== undefined)?.startedAt,
  });
}

const shown = ({ pid, startTime, startedAt, executable = '?', memoryBytes }: ProcessInfo): LeftProcess =>
  omitUndefined<LeftProcess>({
    ...{ pid, startTime },
    program: stripInvisible(executable.replace(/^.*\//, '')),
    memoryBytes,
    startedAt: startedAt === undefined ? undefined : new Date(startedAt).toISOString(),
  });
