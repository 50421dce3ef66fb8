import type { ProcessInfo } from '../ports/process-table.js';
import type { Detector } from './detectors/detector.js';
import type { HostView } from './host-view.js';
import { carries, homeOf } from './marks.js';

/** An agent by its processes, with all that it started below it. */
export interface Root {
  /** Absent: it is known by the variable alone. */
  readonly detector?: Detector;
  /** The agent itself, by which it is pinned. */
  readonly main: ProcessInfo;
  /** The highest process of it: its wrapper, or the main. */
  readonly top: ProcessInfo;
  /** The agent's ID in the variable. */
  readonly label?: string;
}

/**
 * Finds the agents among the processes. What an agent started is no other agent, be it of another tool; and a server
 * that works for clients is one only when no client is left.
 */
export function rootsOf(view: HostView): readonly Root[] {
  const { processes, self } = view.listing;
  const candidates = new Set(processes.filter(process => process.pid !== self && isCandidate(process, view)));
  const tops = new Set<ProcessInfo>();
  for (const process of candidates) {
    tops.add([process, ...view.ancestorsOf(process)].findLast(one => candidates.has(one)) ?? process);
  }
  const roots = [...tops].map(top => rootAt(top, view)).toSorted((one, other) => byAge(one.main, other.main));
  const labels = new Set<string>();
  return roots.filter(root => {
    if (root.label !== undefined && labels.has(root.label)) return false;
    if (root.label !== undefined) labels.add(root.label);
    return !hasClients(root, roots, view);
  });
}

/** The older one first. Within the same moment the lower PID was given first. */
export const byAge = (one: ProcessInfo, other: ProcessInfo): number =>
  (one.startedAt ?? 0) - (other.startedAt ?? 0) || one.pid - other.pid;

/** The agent that this process is the top or the main of, however it was found. */
export function rootAt(top: ProcessInfo, view: HostView): Root {
  const detector = view.toolOf(top)?.detector;
  const label = view.labelOf(top);
  return {
    main: mainBelow(top, view),
    top,
    ...(detector && { detector }),
    ...(label !== undefined && { label }),
  };
}

function isCandidate(process: ProcessInfo, view: HostView): boolean {
  if (view.labelOf(process) !== undefined) return true;
  const tool = view.toolOf(process);
  if (tool === undefined || tool.detector.kind === 'manager') return false;
  const { detector, as } = tool;
  if (typeof as === 'string' || as.isAgent) return true;
  // A spare that has become a session keeps its arguments: what it starts then shows it, by a mark that is not passed on.
  const isMarkedByIt = (child: ProcessInfo): boolean =>
    detector.marks?.some(mark => carries(child, mark) && !carries(process, mark)) ?? false;
  return view.childrenOf(process.pid).some(child => isMarkedByIt(child) && !view.toolOf(child));
}

/** A wrapper starts the main, and some tools start themselves once more: the last one in an unbranched line is the agent. */
function mainBelow(top: ProcessInfo, view: HostView): ProcessInfo {
  const detector = view.toolOf(top)?.detector;
  const isNext = (child: ProcessInfo): boolean => {
    const tool = view.toolOf(child);
    return tool !== undefined && tool.detector === detector && typeof tool.as === 'string';
  };
  let main = top;
  for (;;) {
    const [next, ...others] = view.childrenOf(main.pid).filter(isNext);
    if (next === undefined || others.length > 0) return main;
    main = next;
  }
}

/** Whether this is a server that others of the same home use, and so is no agent by itself. */
function hasClients({ detector, main, label }: Root, roots: readonly Root[], view: HostView): boolean {
  const as = view.toolOf(main)?.as;
  if (detector === undefined || label !== undefined || as === undefined || typeof as === 'string')
    return false;
  return roots.some(other => other.main !== main && uses(other, main, view));
}

/** Whether an agent uses a process that serves all agents of its home. */
export function uses({ detector, main }: Root, server: ProcessInfo, view: HostView): boolean {
  const tool = view.toolOf(server);
  if (tool === undefined || tool.detector !== detector) return false;
  if (typeof tool.as === 'string' || tool.as.shared !== 'home') return false;
  if (view.toolOf(main)?.as === tool.as || homeOf(detector, main) !== homeOf(detector, server)) return false;
  return !tool.as.without?.includes(main.args[1] ?? '');
}
