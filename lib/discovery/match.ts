import type { ContainerInfo } from '../ports/containers.js';
import type { ProcessInfo } from '../ports/process-table.js';
import { omitUndefined } from '../util/omit-undefined.js';
import { stripInvisible } from '../util/strip-invisible.js';
import { agentIdsOf } from './agent-ids.js';
import { containerFindings, containerOf } from './container-findings.js';
import type { Finding, Tree } from './finding.js';
import type { HostView } from './host-view.js';
import { type Kinship, kinshipOf } from './kinship.js';
import { managersOf } from './managers.js';
import { type Member, membersOf } from './members.js';
import type { Root } from './roots.js';

export interface MatchOptions {
  readonly containers?: readonly ContainerInfo[];
  /** The containers' label that holds an agent's ID. */
  readonly agentLabel: string;
  /** What the tool itself wrote down of a main's session; asked where no process shows it. */
  readonly sessionOf?: (root: Root) => string | undefined;
}

/** Longer ones are cut: an argument may be a whole prompt. */
const LONGEST_EVIDENCE = 160;

/** Names every agent that runs here, once. Where two detectors know the same tree the inner tool names it. */
export function match(
  view: HostView,
  { containers = [], agentLabel, sessionOf }: MatchOptions,
  kinship: Kinship = kinshipOf(view),
): readonly Finding[] {
  const inside = (root: Root): ContainerInfo | undefined => containerOf(root.main, containers);
  // What runs in a container that carries an agent's ID is that agent's.
  const roots = kinship.roots.filter(root => inside(root)?.labels[agentLabel] === undefined);
  const ids = agentIdsOf(roots, sessionIn);
  const idByPid = new Map([...ids].map(([{ main }, id]) => [main.pid, id]));

  const findings = roots.map(root => {
    const { members } = membersOf(view, root.main, kinship);
    const { main, detector } = root;
    const session = sessionIn(root);
    const container = inside(root);
    const shared = members.flatMap(({ sharedWith = [] }) => sharedWith.map(({ pid }) => idByPid.get(pid)));
    const sharedWith = [...new Set(shared)].filter(id => id !== undefined);
    return omitUndefined<Finding>({
      detector: detector?.name ?? 'variable',
      kind: 'process',
      id: `${main.pid}:${main.startTime}`,
      agentId: ids.get(root) ?? '',
      pid: main.pid,
      bootId: view.listing.bootId,
      session: session === undefined ? undefined : stripInvisible(session),
      workingDirectory: main.workingDirectory,
      startedAt: timeOf(main.startedAt),
      evidence: [
        ...evidenceOf(root, members, view),
        ...managersOf(root, view),
        ...(container ? [`in container ${container.name}`] : []),
      ].map(shown),
      untested: detector && detector.seen === undefined ? true : undefined,
      sharedWith: sharedWith.length > 0 ? sharedWith : undefined,
      adopted: root.label !== undefined,
      tree: treeOf(members),
    });
  });
  const taken = new Set(roots.flatMap(root => inside(root)?.id ?? []));
  return [...findings, ...containerFindings(containers, view.detectors, { agentLabel, taken })];

  function sessionIn(root: Root): string | undefined {
    return kinship.sessionOf(root) ?? sessionOf?.(root);
  }
}

const shown = (text: string): string => {
  const plain = stripInvisible(text);
  return plain.length > LONGEST_EVIDENCE ? `${plain.slice(0, LONGEST_EVIDENCE - 1)}…` : plain;
};
const timeOf = (at: number | undefined): string | undefined =>
  at === undefined ? undefined : new Date(at).toISOString();

function evidenceOf(
  { main, detector, label }: Root,
  members: readonly Member[],
  view: HostView,
): readonly string[] {
  const tool = view.toolOf(main);
  const by = new Set(members.flatMap(one => (one.by === 'mark' ? [one.process.pid] : [])));
  const helpers = members.filter(({ as }) => as !== 'main' && as !== 'child');
  return [
    ...(tool ? [tool.evidence] : []),
    ...(label === undefined ? [] : [`${view.agentVariable} is set`]),
    ...helpers.map(({ as, process }) => `${as} ${process.pid}`),
    ...(by.size > 0 && detector ? [`${by.size} that lost their parent, by what they carry`] : []),
    ...(view.isOurs(main) ? ['this command was started by it'] : []),
  ];
}

function treeOf(members: readonly Member[]): Tree {
  const processes = members.map(({ process }) => process);
  const sum = (of: (process: ProcessInfo) => number): number =>
    processes.reduce((total, process) => total + of(process), 0);
  const starts = processes.flatMap(({ startedAt }) => (startedAt === undefined ? [] : [startedAt]));
  return omitUndefined<Tree>({
    processes: processes.length,
    memoryBytes: sum(({ memoryBytes }) => memoryBytes),
    cpuMs: sum(({ cpuMs }) => cpuMs),
    oldest: starts.length > 0 ? timeOf(Math.min(...starts)) : undefined,
  });
}
