import { AGENT_ID } from '../domain/agent.js';
import type { ContainerInfo } from '../ports/containers.js';
import type { ProcessInfo } from '../ports/process-table.js';
import { omitUndefined } from '../util/omit-undefined.js';
import { stripInvisible } from '../util/strip-invisible.js';
import type { ContainerClause, Detector } from './detectors/detector.js';
import type { Finding } from './finding.js';

/** The container that a process runs in, by the name of its cgroup. */
export const containerOf = (
  { cgroup = '' }: Pick<ProcessInfo, 'cgroup'>,
  containers: readonly ContainerInfo[],
): ContainerInfo | undefined => containers.find(({ id }) => cgroup.includes(id));

/**
 * Names the containers that carry an agent's ID, and those that a detector knows.
 * @param options.taken IDs of containers of which something inside was found: that is the finding
 */
export function containerFindings(
  containers: readonly ContainerInfo[],
  detectors: readonly Detector[],
  { agentLabel, taken }: { readonly agentLabel: string; readonly taken: ReadonlySet<string> },
): readonly Finding[] {
  return containers.flatMap(container => {
    const label = container.labels[agentLabel];
    const isOurs = label !== undefined && AGENT_ID.test(label);
    if (!isOurs && taken.has(container.id)) return [];
    const known = isOurs ? undefined : detectorOf(container, detectors);
    if (!isOurs && known === undefined) return [];
    const name = known?.detector.name ?? 'label';
    return [
      omitUndefined<Finding>({
        detector: name,
        kind: 'docker',
        id: container.id,
        agentId: isOurs ? label : `${name}-${container.id.slice(0, 12)}`,
        startedAt:
          container.startedAt === undefined ? undefined : new Date(container.startedAt).toISOString(),
        evidence: [`container ${container.name}`, known?.why ?? `label ${agentLabel}`].map(stripInvisible),
        untested: known && known.detector.seen === undefined ? true : undefined,
        adopted: isOurs,
        tree: { processes: 0, memoryBytes: 0, cpuMs: 0 },
      }),
    ];
  });
}

function detectorOf(
  container: ContainerInfo,
  detectors: readonly Detector[],
): { readonly detector: Detector; readonly why: string } | undefined {
  for (const detector of detectors) {
    const clause = detector.containers?.find(one => holds(one, container));
    if (clause) return { detector, why: wordsOf(clause) };
  }
  return undefined;
}

const holds = (
  { name, label, image, command }: ContainerClause,
  { name: called, labels, image: from, command: runs }: ContainerInfo,
): boolean =>
  (name?.test(called) ?? true) &&
  (label === undefined || hasLabel(labels, label)) &&
  (image?.test(from) ?? true) &&
  (command?.test(runs) ?? true);

function hasLabel(labels: ContainerInfo['labels'], label: string): boolean {
  const [name = '', ...value] = label.split('=');
  return Object.hasOwn(labels, name) && (value.length === 0 || labels[name] === value.join('='));
}

const wordsOf = ({ name, label, image, command }: ContainerClause): string =>
  [
    name && 'its name',
    label !== undefined && `label ${label}`,
    image && 'its image',
    command && 'its command',
  ]
    .filter(Boolean)
    .join(', ');
