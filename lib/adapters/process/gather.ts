import { AGENT_ID } from '../../domain/agent.js';
import { type Kinship, standing } from './standing.js';
import { type HostProcess, type Identity, labelOf, type Snapshot } from './table.js';

/** A process of the agent that other agents need as well. */
export interface Shared {
  readonly process: HostProcess;
  readonly with: readonly string[];
}

/** What belongs to an agent at one moment. */
export interface Members {
  readonly snapshot: Snapshot;
  /** To be killed: none of them dead. */
  readonly living: readonly HostProcess[];
  /** Belongs to the agent too, but is never touched: we ourselves, our ancestors, PID 1. */
  readonly spared: readonly HostProcess[];
  /** Merely inherited the variable, and belong to no agent: a multiplexer's server that was there before the agent. */
  readonly bystanders: readonly HostProcess[];
  readonly shared: readonly Shared[];
  /** The oldest process that is known of the agent. */
  readonly eldest: Identity | undefined;
}

const isLiving = ({ state, kernel }: HostProcess): boolean => state !== 'dead' && !kernel;

/**
 * Finds what belongs to an agent: what carries the variable with its ID, what was known before, and all that either
 * of them brought into the world, by parentage, by session and by process group.
 */
export function gather(
  snapshot: Snapshot,
  agentId: string,
  known: ReadonlyMap<string, Identity>,
  kinship: Kinship = {},
): Members {
  const stillThere = (processes: Iterable<Identity>): readonly HostProcess[] =>
    [...processes].flatMap(process => {
      const now = snapshot.get(process.pid);
      return now?.startTime === process.startTime ? [now] : [];
    });
  const seen = stillThere(kinship.seen ?? []).filter(process => !isOfAnother(process, agentId));
  const { isBystander, kindOf, eldest } = standing(snapshot, agentId, kinship);
  const members = new Set<HostProcess>();
  const bystanders = new Set<HostProcess>();
  const doubtful = new Set<HostProcess>();
  const shared: Shared[] = [];
  const follow = (queue: Iterable<HostProcess>): void => {
    const waiting = new Set(queue);
    for (const process of waiting) {
      if (members.has(process)) continue;
      if (isBystander(process)) bystanders.add(process);
      else if (isLiving(process) && (isCarrierOfTwo(process) || kindOf(process) === 'multiplexer'))
        doubtful.add(process);
      else {
        members.add(process);
        for (const relative of bornOf(process, snapshot)) waiting.add(relative);
      }
    }
  };
  const isCarrierOfTwo = ({ labels }: HostProcess): boolean =>
    labels.length > 1 && labels.includes(labelOf(agentId));
  /** Other agents that run here apart from this one, and are not being killed. */
  const othersOn = (processes: readonly HostProcess[]): readonly string[] => {
    const labels = new Set(processes.flatMap(one => one.labels));
    return [...labels].filter(
      label =>
        label !== labelOf(agentId) &&
        AGENT_ID.test(label) &&
        !kinship.isBeingKilled?.(label) &&
        snapshot
          .labelled(label)
          .some(one => isLiving(one) && !members.has(one) && !one.labels.includes(labelOf(agentId))),
    );
  };

  follow([...snapshot.labelled(agentId), ...stillThere(known.values()), ...seen]);
  for (const process of doubtful) {
    const others = othersOn(isCarrierOfTwo(process) ? [process] : descendantsOf(process, snapshot));
    if (others.length > 0) shared.push({ process, with: others });
    else {
      members.add(process);
      follow(bornOf(process, snapshot));
    }
  }
  const untouchable = lineOf(snapshot);
  const alive = [...members].filter(isLiving);
  return {
    snapshot,
    living: alive.filter(({ pid }) => !untouchable.has(pid)),
    spared: alive.filter(({ pid }) => untouchable.has(pid)),
    bystanders: [...bystanders].filter(isLiving),
    shared,
    eldest,
  };
}

/** Whether it carries the ID of another agent, and not of this one. */
export const isOfAnother = ({ labels }: HostProcess, agentId: string): boolean =>
  !labels.includes(labelOf(agentId)) && labels.some(label => AGENT_ID.test(label));

function descendantsOf(process: HostProcess, snapshot: Snapshot): readonly HostProcess[] {
  const all = new Set([process]);
  for (const one of all) for (const child of snapshot.childrenOf(one.pid)) all.add(child);
  return [...all];
}

/** Who descends from a member. To be adopted by PID 1 is no descent. */
function bornOf(member: HostProcess, snapshot: Snapshot): readonly HostProcess[] {
  const { pid } = member;
  if (pid <= 1 || member.kernel) return [];
  const session = member.session === pid ? snapshot.sessionOf(pid) : [];
  const group = member.group === pid ? snapshot.groupOf(pid).filter(other => isOrphan(other, snapshot)) : [];
  return [...snapshot.childrenOf(pid), ...session, ...group];
}

/**
 * One enters a session by birth alone, but a shell also puts the other commands of a pipeline into a group
 * (setpgid(2)). Those have a parent in their own session; what was born in the group and lost its parent has not.
 */
function isOrphan({ ppid, session }: HostProcess, snapshot: Snapshot): boolean {
  return snapshot.get(ppid)?.session !== session;
}

/** PID 1, we ourselves and our ancestors. */
function lineOf(snapshot: Snapshot): ReadonlySet<number> {
  const line = new Set([0, 1]);
  for (let pid = process.pid; !line.has(pid); pid = snapshot.get(pid)?.ppid ?? 0) line.add(pid);
  return line;
}
