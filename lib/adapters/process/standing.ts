import type { AgentProcess } from '../../domain/sandbox.js';
import type { Kind } from './surrounding.js';
import { type HostProcess, type Identity, isOlder, labelOf, type Snapshot } from './table.js';

/** What is known of an agent and its surroundings, besides the processes of the moment. */
export interface Kinship {
  /** The process that the record names. */
  readonly recorded?: AgentProcess | undefined;
  /** The oldest process of the agent that was ever seen. */
  readonly eldest?: Identity | undefined;
  /** Processes that were the agent's when this node looked before. */
  readonly seen?: Iterable<Identity>;
  /** Which of the programs that surround agents a process runs, if any. */
  readonly kindOf?: (process: HostProcess) => Kind | undefined;
  /** Whether another agent is being killed as well. */
  readonly isBeingKilled?: (agentId: string) => boolean;
}

export interface Standing {
  /** Whether a process inherited the variable without being the agent's. */
  isBystander(process: HostProcess): boolean;
  kindOf(process: HostProcess): Kind | undefined;
  /** The oldest process that is known of the agent. */
  readonly eldest: Identity | undefined;
}

/**
 * Tells the agent from what surrounds it. A multiplexer's server, a login shell or an editor that carries the variable
 * is a bystander where it was there before the agent, or where a bystander started it. What is younger than the agent
 * was started by it: otherwise an agent could hide in a multiplexer of its own.
 */
export function standing(snapshot: Snapshot, agentId: string, kinship: Kinship): Standing {
  const kinds = new Map<HostProcess, Kind | undefined>();
  const kindOf = (process: HostProcess): Kind | undefined => {
    if (!kinds.has(process)) kinds.set(process, kinship.kindOf?.(process));
    return kinds.get(process);
  };
  const label = labelOf(agentId);
  const isCarrier = ({ labels }: HostProcess): boolean => labels.includes(label);
  const ordinary = snapshot.labelled(agentId).filter(process => kindOf(process) === undefined);
  const known = [...ordinary, ...trusted(kinship, snapshot, isCarrier)];
  const eldest = known.toSorted((one, other) => (isOlder(one, other) ? -1 : 1))[0];
  const isBystander = (process: HostProcess): boolean => {
    if (!isCarrier(process) || kindOf(process) === undefined) return false;
    if (eldest === undefined || isOlder(process, eldest)) return true;
    const parent = snapshot.get(process.ppid);
    return parent !== undefined && isOlder(parent, process) && isBystander(parent);
  };
  return { isBystander, kindOf, eldest };
}

/** The recorded process counts for the agent's age unless it is seen to be another's. */
function trusted(
  { recorded, eldest }: Kinship,
  snapshot: Snapshot,
  isCarrier: (process: HostProcess) => boolean,
): readonly Identity[] {
  const known = eldest === undefined ? [] : [eldest];
  const { pid = 0, startTime } = recorded ?? {};
  if (startTime === undefined || pid <= 1) return known;
  const now = snapshot.get(pid);
  // Of the dead no environment is read.
  if (now?.startTime === startTime && now.state !== 'dead' && !isCarrier(now)) return known;
  return [...known, { pid, startTime }];
}
