import type { ProcessInfo } from '../ports/process-table.js';
import type { Role } from './detectors/detector.js';
import type { HostView, Pinned } from './host-view.js';
import { type Kinship, kinshipOf } from './kinship.js';
import { homeOf } from './marks.js';
import { byAge, type Root, rootAt, uses } from './roots.js';
import { isKeeper } from './services.js';

/** What is known of an agent whose processes are looked for. */
export interface Sought extends Pinned {
  /** Its own cgroup, as the table writes it: all in it and below it is the agent's. */
  readonly cgroup?: string;
  /** Processes that were the agent's before: it may have ended, and they not. */
  readonly known?: Iterable<Pinned>;
}

export interface Member {
  readonly process: ProcessInfo;
  readonly as: 'main' | 'wrapper' | Role['role'] | 'child';
  /** By what it belongs to the agent. */
  readonly by: 'descent' | 'role' | 'mark' | 'session' | 'cgroup' | 'known';
  /** It may start a killed agent again after so many milliseconds. */
  readonly respawns?: number;
  /** The mains of the other agents that need it. Absent: it is this agent's alone. */
  readonly sharedWith?: readonly Pinned[];
}

export interface Members {
  /** In the order in which they are to be stopped: what may start others again, then the agent, then the rest. */
  readonly members: readonly Member[];
  /** It belongs to the agent, and is never touched: we ourselves, our ancestors, PID 1. */
  readonly spared: readonly ProcessInfo[];
}

const RANK: Readonly<Record<Member['as'], number>> = {
  ...{ daemon: 0, hub: 1, host: 2, spare: 3, server: 4, wrapper: 5, main: 6, child: 7 },
};
/** By these a process that merely inherited something may look like the agent's. */
const BY_HEARSAY: ReadonlySet<Member['by']> = new Set(['mark', 'session', 'known']);

type Found = Pick<Member, 'by' | 'sharedWith'>;

/**
 * Finds all processes of one agent, in a table that was just taken.
 * @param kinship of the same table; reckoned anew where it is left out
 */
export function membersOf(view: HostView, sought: Sought, kinship: Kinship = kinshipOf(view)): Members {
  const { processes } = view.listing;
  const found = new Map<ProcessInfo, Found>();
  const main = view.find(sought);
  const { cgroup, known = [] } = sought;
  const before = [...known].flatMap(one => view.find(one) ?? []);
  // A server that goes on without its clients is an agent of its own, and yet was this one's.
  const isSought = (one: Root): boolean =>
    one.main === main || one.top === main || before.includes(one.main) || before.includes(one.top);
  const root =
    main && (kinship.roots.find(one => one.main === main || one.top === main) ?? rootAt(main, view));
  const others = new Set(kinship.roots.filter(one => !isSought(one)).map(({ top }) => top));

  const isOfAnother = (process: ProcessInfo): boolean => {
    const owner = kinship.descentOf(process);
    return owner !== undefined && !isSought(owner);
  };

  const follow = (
    from: Iterable<ProcessInfo>,
    by: Member['by'],
    shared?: Pick<Found, 'sharedWith'>,
  ): void => {
    const queue = new Map([...from].map(process => [process, by]));
    for (const [process, because] of queue) {
      if (found.has(process) || others.has(process) || process.pid <= 1) continue;
      if (BY_HEARSAY.has(because) && (view.isAmongPeople(process) || isKeeper(process))) continue;
      // Who was started in the agent's cgroup may have become an agent of its own, in a multiplexer that stands there.
      if (because !== 'descent' && because !== 'role' && isOfAnother(process)) continue;
      found.set(process, { by: because, ...shared });
      for (const child of view.childrenOf(process.pid)) {
        // Descent is certain, also of one that was met by its session before, and passed over below a multiplexer.
        if (queue.get(child) !== 'descent') {
          queue.delete(child);
          queue.set(child, 'descent');
        }
      }
      for (const one of bornBeside(process, view)) if (!queue.has(one)) queue.set(one, 'session');
    }
  };

  const take = ({ process, serves, isForAll }: Helper): void => {
    const sharedWith = serves.filter(one => one !== root && !isSought(one)).map(one => pinned(one.main));
    const shared = sharedWith.length > 0 ? { sharedWith } : undefined;
    // For which of them a server for all started something cannot be told.
    if (isForAll) {
      follow([process], 'role', shared);
      follow(kinship.leftBy(process), 'mark', shared);
    } else found.set(process, { by: 'role', ...shared });
  };

  // Others may need it, also when the agent has ended.
  for (const process of before) {
    const helper = helperAt(process, kinship.roots, view);
    if (helper) take(helper);
  }
  if (root) {
    for (const helper of helpersOf(root, view, kinship)) take(helper);
    follow([root.top], 'descent');
    follow(
      processes.filter(process => kinship.markedBy(process)?.top === root.top),
      'mark',
    );
  }
  if (cgroup !== undefined && cgroup !== '/')
    follow(
      processes.filter(one => isWithin(one, cgroup)),
      'cgroup',
    );
  follow(before, 'known');
  const all = [...found].map(([process, why]) => memberOf(process, why, root, view));
  return {
    members: all
      .filter(({ process }) => !view.isOurs(process))
      .toSorted((one, other) => RANK[one.as] - RANK[other.as] || byAge(one.process, other.process)),
    spared: all.map(({ process }) => process).filter(process => view.isOurs(process)),
  };
}

const pinned = ({ pid, startTime }: Pinned): Pinned => ({ pid, startTime });
const isWithin = ({ cgroup }: ProcessInfo, parent: string): boolean =>
  cgroup === parent || (cgroup?.startsWith(`${parent}/`) ?? false);

function memberOf(process: ProcessInfo, why: Found, root: Root | undefined, view: HostView): Member {
  if (process === root?.main) return { process, as: 'main', ...why };
  const tool = view.toolOf(process);
  if (tool === undefined || (root && tool.detector !== root.detector))
    return { process, as: 'child', ...why };
  if (typeof tool.as !== 'string') {
    const { role, respawns } = tool.as;
    return { process, as: role, ...why, ...(respawns !== undefined && { respawns }) };
  }
  const isAbove = root !== undefined && view.ancestorsOf(root.main).includes(process);
  return { process, as: isAbove ? 'wrapper' : 'child', ...why };
}

interface Helper {
  readonly process: ProcessInfo;
  readonly serves: readonly Root[];
  /** One process does the work of all. */
  readonly isForAll: boolean;
}

/** Those of the tool's daemons, servers and the like that this agent needs. */
function helpersOf(root: Root, view: HostView, { roots }: Kinship): readonly Helper[] {
  const peers = [...roots.filter(one => one.main !== root.main), root];
  return view.listing.processes.flatMap(process => {
    // A spare that has become a session is an agent by itself.
    if (roots.some(({ main }) => main === process) || process === root.main) return [];
    if (view.toolOf(process)?.detector !== root.detector) return [];
    const helper = helperAt(process, peers, view);
    return helper?.serves.includes(root) ? [helper] : [];
  });
}

/** What a process is to those of these agents that need it; undefined where it is no daemon, server or the like. */
function helperAt(process: ProcessInfo, peers: readonly Root[], view: HostView): Helper | undefined {
  const tool = view.toolOf(process);
  if (tool === undefined || typeof tool.as === 'string') return undefined;
  const { as, detector } = tool;
  const serves = peers.filter(one => one.detector === detector && isServedBy(one, process, as, view));
  return { process, serves, isForAll: as.shared === 'home' };
}

/** A host is that of one agent; a daemon and its spares are for all that were started by way of them. */
function isServedBy(root: Root, helper: ProcessInfo, as: Role, view: HostView): boolean {
  if (as.shared === 'home') return uses(root, helper, view);
  const line = view.ancestorsOf(root.top);
  if (line.includes(helper)) return true;
  const isInBackground = line.some(one => isHelper(one, root, view));
  return isInBackground && as.role !== 'host' && isSameHome(root, helper);
}

const isHelper = (process: ProcessInfo, { detector }: Root, view: HostView): boolean => {
  const tool = view.toolOf(process);
  return tool !== undefined && tool.detector === detector && typeof tool.as !== 'string';
};
const isSameHome = ({ detector, main }: Root, helper: ProcessInfo): boolean =>
  detector !== undefined && homeOf(detector, main) === homeOf(detector, helper);

/**
 * Who is in the session or group that a member leads. One enters a session by birth alone; but a shell also puts the
 * other commands of a pipeline into a group (setpgid(2)): those have a parent in their own session.
 */
function bornBeside({ pid, session, group }: ProcessInfo, view: HostView): readonly ProcessInfo[] {
  const isOrphan = (one: ProcessInfo): boolean => view.get(one.parentPid)?.session !== one.session;
  return [
    ...(session === pid ? view.inSession(pid) : []),
    ...(group === pid ? view.inGroup(pid).filter(isOrphan) : []),
  ];
}
