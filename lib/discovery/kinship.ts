import type { ProcessInfo } from '../ports/process-table.js';
import type { HostView } from './host-view.js';
import { carries } from './marks.js';
import { byAge, type Root, rootsOf } from './roots.js';

/** Whose each process is. */
export interface Kinship {
  /** The agents of this host; none of them was started by another one. */
  readonly roots: readonly Root[];
  /** The session that the tool has given it, from what it started. */
  sessionOf(root: Root): string | undefined;
  /** The agent that a process belongs to by descent. */
  descentOf(process: ProcessInfo): Root | undefined;
  /** The agent that a process which lost its parent belongs to, by what it carries; only where that is certain. */
  markedBy(process: ProcessInfo): Root | undefined;
  /** What carries the session of something below a server, also where it has left it. */
  leftBy(server: ProcessInfo): readonly ProcessInfo[];
}

export function kinshipOf(view: HostView): Kinship {
  const all = rootsOf(view);
  const byDescent = new Map<ProcessInfo, Root>();
  for (const root of all)
    for (const one of [root.top, ...view.descendantsOf(root.top)]) byDescent.set(one, root);
  const sessions = new Map<Root, string>();
  const byValue = new Map<string, Root>();
  for (const root of all) learn(root);

  const markedBy = (process: ProcessInfo): Root | undefined => {
    if (view.isAmongPeople(process)) return undefined;
    const owner = ownerByValue(process) ?? ownerByMark(process);
    return owner && byAge(owner.top, process) < 0 ? owner : undefined;
  };
  const isStartedByAnother = (root: Root): boolean => {
    const owner = markedBy(root.top);
    return owner !== undefined && owner !== root;
  };
  const roots = all.filter(root => root.label !== undefined || !isStartedByAnother(root));
  const kept = new Set(roots);
  /** The one that started the one that started it. */
  const outermost = (root: Root | undefined): Root | undefined =>
    root === undefined || kept.has(root) ? root : outermost(markedBy(root.top));

  const known = new Map<ProcessInfo, Root | undefined>();
  return {
    roots,
    sessionOf: root => sessions.get(root),
    descentOf: process => {
      const root = byDescent.get(process);
      return root && kept.has(root) ? root : undefined;
    },
    markedBy(process) {
      if (!known.has(process)) known.set(process, outermost(byDescent.get(process) ?? markedBy(process)));
      return known.get(process);
    },
    leftBy(server) {
      const own = new Set(sessionsIn(server));
      const below = view.descendantsOf(server);
      const values = new Set(below.flatMap(sessionsIn).filter(value => !own.has(value)));
      const isLeft = (one: ProcessInfo): boolean =>
        sessionsIn(one).some(value => values.has(value)) && byAge(server, one) < 0;
      return view.listing.processes.filter(isLeft);
    },
  };

  function sessionsIn({ environment }: ProcessInfo): readonly string[] {
    return view.detectors.flatMap(({ session }) => {
      const value = session === undefined ? undefined : environment[session];
      return value === undefined ? [] : [`${session}=${value}`];
    });
  }

  /** What it was itself started with says nothing of it: a multiplexer passes on what it inherited. */
  function learn(root: Root): void {
    if (root.label !== undefined) byValue.set(`${view.agentVariable}=${root.label}`, root);
    for (const one of view.descendantsOf(root.top)) {
      for (const { session } of view.detectors) {
        const value = session === undefined ? undefined : one.environment[session];
        if (session === undefined || value === undefined || isInherited(root, session, value)) continue;
        if (!byValue.has(`${session}=${value}`)) byValue.set(`${session}=${value}`, root);
        if (session === root.detector?.session && !sessions.has(root)) sessions.set(root, value);
      }
    }
  }

  function ownerByValue({ environment }: ProcessInfo): Root | undefined {
    for (const variable of [view.agentVariable, ...view.detectors.map(({ session }) => session)]) {
      const owner = variable === undefined ? undefined : byValue.get(`${variable}=${environment[variable]}`);
      if (owner) return owner;
    }
    return all.find(({ detector, main }) => {
      const variable = detector?.mainPid;
      return variable !== undefined && environment[variable] === String(main.pid);
    });
  }

  /** Without a session of its own it can only be told where one agent of that tool and user runs. */
  function ownerByMark(process: ProcessInfo): Root | undefined {
    for (const detector of view.detectors) {
      if (detector.kind === 'manager' || !detector.marks?.some(mark => carries(process, mark))) continue;
      // The PID of a main that is none of those that run: an ended agent left it.
      if (detector.mainPid !== undefined && process.environment[detector.mainPid] !== undefined) continue;
      const session = detector.session === undefined ? undefined : process.environment[detector.session];
      // What runs as root may be anyone's, by sudo(8).
      const mayBeOf = ({ main }: Root): boolean => process.uid === 0 || main.uid === process.uid;
      const peers = all.filter(root => root.detector === detector && mayBeOf(root));
      const [only, ...others] = peers;
      if (only === undefined || others.length > 0) continue;
      if (session === undefined || sessions.get(only) === undefined) return only;
    }
    return undefined;
  }
}

function isInherited({ top, main }: Root, variable: string, value: string): boolean {
  return top.environment[variable] === value || main.environment[variable] === value;
}
