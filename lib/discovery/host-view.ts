import { AGENT_ID } from '../domain/agent.js';
import { kindOfProgram } from '../domain/surroundings.js';
import type { ProcessInfo, ProcessListing } from '../ports/process-table.js';
import { type Classified, classify } from './classify.js';
import type { Detector } from './detectors/detector.js';
import { isService } from './services.js';

/** PID and start time together name a process. */
export interface Pinned {
  readonly pid: number;
  readonly startTime: string;
}

/** The processes of a host by their relations, and which tool each belongs to. */
export interface HostView {
  readonly listing: ProcessListing;
  readonly detectors: readonly Detector[];
  readonly agentVariable: string;
  get(pid: number): ProcessInfo | undefined;
  /** This process, if it still is the same one. */
  find(pinned: Pinned): ProcessInfo | undefined;
  childrenOf(pid: number): readonly ProcessInfo[];
  inSession(leader: number): readonly ProcessInfo[];
  inGroup(leader: number): readonly ProcessInfo[];
  /** The parent first, up to PID 1 or what is not listed. */
  ancestorsOf(process: ProcessInfo): readonly ProcessInfo[];
  descendantsOf(process: ProcessInfo): readonly ProcessInfo[];
  toolOf(process: ProcessInfo): Classified | undefined;
  /** The ID of an agent that it carries as its own, not merely inherited by way of a multiplexer or login. */
  labelOf(process: ProcessInfo): string | undefined;
  /**
   * Whether it, or what it descends from, is where people work, or serves the whole host: a multiplexer, a terminal, an
   * editor, a login, an engine, a database.
   */
  isAmongPeople(process: ProcessInfo): boolean;
  /** Whether it is such a program itself. */
  isPlaceOfPeople(process: ProcessInfo): boolean;
  /** PID 1, we ourselves and our ancestors: never a member of anything. */
  isOurs(process: ProcessInfo): boolean;
}

export function viewOf(
  listing: ProcessListing,
  detectors: readonly Detector[],
  agentVariable: string,
): HostView {
  const byPid = new Map(listing.processes.map(process => [process.pid, process]));
  const children = groupBy(listing.processes, ({ parentPid }) => parentPid);
  const sessions = groupBy(listing.processes, ({ session }) => session);
  const groups = groupBy(listing.processes, ({ group }) => group);
  const tools = new Map(listing.processes.map(process => [process.pid, classify(process, detectors)]));

  const ancestorsOf = (process: ProcessInfo): readonly ProcessInfo[] => {
    const line = new Set<ProcessInfo>();
    for (
      let at = byPid.get(process.parentPid);
      at && !line.has(at) && at.pid > 1;
      at = byPid.get(at.parentPid)
    )
      line.add(at);
    return [...line];
  };
  const places = new Set(listing.processes.filter(isPlaceOfPeople));
  const isSurrounded = (process: ProcessInfo): boolean =>
    [process, ...ancestorsOf(process)].some(one => places.has(one));
  const idOf = ({ environment }: ProcessInfo): string | undefined => {
    const value = environment[agentVariable];
    return value !== undefined && AGENT_ID.test(value) ? value : undefined;
  };
  const self = byPid.get(listing.self);
  const ours = new Set([1, listing.self, ...(self ? ancestorsOf(self) : []).map(({ pid }) => pid)]);

  return {
    ...{ listing, detectors, agentVariable, ancestorsOf },
    get: pid => byPid.get(pid),
    find: ({ pid, startTime }) => {
      const process = byPid.get(pid);
      return process?.startTime === startTime ? process : undefined;
    },
    childrenOf: pid => children.get(pid) ?? [],
    inSession: leader => sessions.get(leader) ?? [],
    inGroup: leader => groups.get(leader) ?? [],
    descendantsOf(process) {
      const all = new Set([process]);
      for (const one of all) for (const child of children.get(one.pid) ?? []) all.add(child);
      all.delete(process);
      return [...all];
    },
    toolOf: ({ pid }) => tools.get(pid),
    labelOf(process) {
      const id = idOf(process);
      const inherited = [process, ...ancestorsOf(process)].some(one => places.has(one) && idOf(one) === id);
      return inherited ? undefined : id;
    },
    isAmongPeople: isSurrounded,
    isPlaceOfPeople: process => places.has(process),
    isOurs: ({ pid }) => ours.has(pid),
  };
}

/** A user's systemd is none: it adopts orphans, as PID 1 does. */
function isPlaceOfPeople({ executable, args, pid, session }: ProcessInfo): boolean {
  if (executable === undefined || executable.endsWith('/systemd')) return false;
  if (isService({ executable })) return true;
  return kindOfProgram({ executable, called: args[0] ?? '', isLeader: session === pid }) !== undefined;
}

function groupBy(
  processes: readonly ProcessInfo[],
  keyOf: (process: ProcessInfo) => number,
): ReadonlyMap<number, readonly ProcessInfo[]> {
  const groups = new Map<number, ProcessInfo[]>();
  for (const process of processes) {
    const group = groups.get(keyOf(process));
    if (group) group.push(process);
    else groups.set(keyOf(process), [process]);
  }
  return groups;
}
