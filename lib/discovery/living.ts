import { isActive, type Status } from '../domain/agent.js';
import type { ProcessInfo } from '../ports/process-table.js';
import type { ProcessPin } from '../ports/recognition.js';
import type { HostView } from './host-view.js';
import type { Kinship } from './kinship.js';

/** What the record of an agent says. */
export interface RecordedAgent {
  readonly status: Status;
  /** Its main process, where it is known well enough to say that it has ended. */
  readonly main?: ProcessPin;
}

/** Which processes belong to agents that run, or are needed by one. */
export interface Living {
  has(process: ProcessInfo): boolean;
  /** The ID of the agent that a process belongs to, by what it or its parent carries, or by its cgroup. */
  idOf(process: ProcessInfo): string | undefined;
}

/** A part of a path: a cgroup that this program made for an agent. One of another space is another program's agent. */
const ENCLOSURE = /\/killswitch@([^/]+)/;

/** A user's systemd takes over orphans, as PID 1 does. */
export const takesOver = ({ pid, executable }: ProcessInfo): boolean =>
  pid === 1 || (executable?.endsWith('/systemd') ?? false);

export function lostItsParent({ parentPid }: ProcessInfo, view: HostView): boolean {
  const parent = view.get(parentPid);
  return parentPid === 1 || (parent !== undefined && takesOver(parent));
}

/**
 * Tells what runs from what has ended. An agent runs where its tool's process does, or something that carries its ID
 * does; unless its record says that it has ended, or that its main process is one which is no longer there.
 * @param recordOf `undefined`: nothing says that it has ended
 */
export function livingIn(
  view: HostView,
  kinship: Kinship,
  recordOf: (agentId: string) => RecordedAgent | undefined,
): Living {
  const { processes } = view.listing;
  const ids = new Map<ProcessInfo, string | undefined>();
  const idOf = (process: ProcessInfo): string | undefined => {
    if (!ids.has(process)) {
      // Parents that go round in a circle.
      ids.set(process, undefined);
      ids.set(process, readId(process));
    }
    return ids.get(process);
  };
  function readId(process: ProcessInfo): string | undefined {
    if (view.isPlaceOfPeople(process) || takesOver(process)) return undefined;
    const own = ownLabelOf(process) ?? (view.isAmongPeople(process) ? undefined : enclosedIn(process));
    if (own !== undefined) return own;
    const parent = process.parentPid > 1 ? view.get(process.parentPid) : undefined;
    return parent && idOf(parent);
  }

  /** Not what a user's systemd has passed on to all that it starts. */
  function ownLabelOf(process: ProcessInfo): string | undefined {
    const label = view.labelOf(process);
    const above = view.ancestorsOf(process).filter(takesOver);
    return above.some(({ environment }) => environment[view.agentVariable] === label) ? undefined : label;
  }

  const carriers = new Map<string, ProcessInfo[]>();
  for (const process of processes) {
    const id = idOf(process);
    if (id !== undefined) carriers.set(id, [...(carriers.get(id) ?? []), process]);
  }
  const isOver = (id: string): boolean => {
    const record = recordOf(id);
    if (record === undefined) return false;
    if (!isActive(record.status)) return true;
    if (record.main === undefined || view.find(record.main)) return false;
    // Something keeps the others, or is an agent still: it may have been started again.
    const isBelow = (parent: ProcessInfo | undefined): boolean => parent !== undefined && idOf(parent) === id;
    const isLost = (one: ProcessInfo): boolean =>
      !view.toolOf(one) && (lostItsParent(one, view) || isBelow(view.get(one.parentPid)));
    return (carriers.get(id) ?? []).every(isLost);
  };
  const over = new Set([...carriers.keys()].filter(isOver));
  const isPastOne = (process: ProcessInfo): boolean => over.has(idOf(process) ?? '');

  const living = new Set<ProcessInfo>();
  for (const process of processes) {
    const owner = kinship.descentOf(process) ?? kinship.markedBy(process);
    const isOwned = owner !== undefined && !isPastOne(owner.main);
    const isAgents = isOwned || idOf(process) !== undefined || view.toolOf(process) !== undefined;
    if (!view.isOurs(process) && (isPastOne(process) || !isAgents)) continue;
    for (const one of [process, ...view.ancestorsOf(process)]) living.add(one);
  }
  return { has: process => living.has(process), idOf };
}

const enclosedIn = ({ cgroup }: ProcessInfo): string | undefined => ENCLOSURE.exec(cgroup ?? '')?.[1];
