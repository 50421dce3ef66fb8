import { AGENT_ID, isActive, type Status } from '../domain/agent.js';
import type { ProcessInfo } from '../ports/process-table.js';
import type { Detector } from './detectors/detector.js';
import type { HostView } from './host-view.js';
import type { Kinship } from './kinship.js';
import { type Living, lostItsParent, type RecordedAgent, takesOver } from './living.js';
import { carries } from './marks.js';
import { byAge, type Root } from './roots.js';
import { isKeeper } from './services.js';

/** The agent that a process was left behind by. */
export interface FormerAgent {
  readonly agentId: string;
  readonly detector?: string;
  readonly status?: Status;
  /** What says that it has ended, in words that may be shown once they hold nothing invisible. */
  readonly why: string;
}

export interface Surroundings {
  readonly view: HostView;
  readonly kinship: Kinship;
  readonly living: Living;
  readonly recordOf: (agentId: string) => RecordedAgent | undefined;
  readonly sessionOf?: (root: Root) => string | undefined;
}

const CONTAINER = /[0-9a-f]{64}/;

/** What all have to be told apart by, reckoned once for a look. */
export function outlivedIn({ view, kinship, living, recordOf, sessionOf }: Surroundings) {
  const { processes, self } = view.listing;
  const own = view.get(self);
  const sessions = new Map<ProcessInfo, string>();
  for (const root of kinship.roots) {
    const session = kinship.sessionOf(root) ?? sessionOf?.(root);
    const line = [root.main, ...view.ancestorsOf(root.main), root.top];
    if (session !== undefined)
      for (const one of line.slice(0, line.indexOf(root.top) + 1)) sessions.set(one, session);
  }

  /** `undefined`: no agent left it; `unsure`: one may have, or it may be of one that runs. Only the top of each tree is asked. */
  return function formerAgentOf(process: ProcessInfo): FormerAgent | 'unsure' | undefined {
    if (takesOver(process) || view.isPlaceOfPeople(process) || living.has(process)) return undefined;
    if (isInContainer(process)) return undefined;
    const id = living.idOf(process);
    return id === undefined ? byMarks(process) : byRecord(process, id);
  };

  function isInContainer(process: ProcessInfo): boolean {
    const container = containerOf(process);
    if (container !== undefined && container !== (own && containerOf(own))) return true;
    return view.ancestorsOf(process).some(isKeeper);
  }

  function byRecord(process: ProcessInfo, agentId: string): FormerAgent | undefined {
    const record = recordOf(agentId);
    const parent = view.get(process.parentPid);
    if (record === undefined || (parent && living.idOf(parent) === agentId)) return undefined;
    const says = `its record says ${record.status}`;
    const why = isActive(record.status) ? `${says}, but its main process has ended` : says;
    return { agentId, status: record.status, why };
  }

  function byMarks(process: ProcessInfo): FormerAgent | 'unsure' | undefined {
    if (!lostItsParent(process, view) || view.isAmongPeople(process)) return undefined;
    const tools = view.detectors.filter(one => isMarkedBy(process, one));
    const [detector] = tools;
    if (detector === undefined) return undefined;
    // Passed on by what took it over, it says nothing.
    const parent = view.get(process.parentPid);
    if (parent && tools.some(one => isMarkedBy(parent, one))) return undefined;
    if (!tools.every(one => hasEnded(one, process))) return 'unsure';
    const { name, tool } = detector;
    const session = variableOf(process, detector.session);
    const main = variableOf(process, detector.mainPid);
    const own = `${name}-${session ?? main}`;
    const agentId = (session ?? main) !== undefined && AGENT_ID.test(own) ? own : name;
    const whose =
      main === undefined
        ? session === undefined
          ? `no ${tool} runs`
          : 'no agent has its session'
        : `process ${main} has ended`;
    return { agentId, detector: name, why: `it carries the marks of ${tool}, and ${whose}` };
  }

  /** Whether none of the tool's processes here can be its agent, or be at work in its session. */
  function hasEnded(detector: Detector, process: ProcessInfo): boolean {
    const main = variableOf(process, detector.mainPid);
    const holder = main === undefined ? undefined : view.get(Number(main));
    if (holder && byAge(holder, process) < 0) return false;
    const session = variableOf(process, detector.session);
    // Such a tool's agents are told apart by their PIDs alone.
    if (main !== undefined && detector.session === undefined) return true;
    return processes.every(peer => {
      if (view.toolOf(peer)?.detector !== detector) return true;
      const theirs = sessions.get(peer);
      if (session === undefined || theirs === undefined || theirs === session) return false;
      if (peer.args.some(arg => arg.includes(session))) return false;
      // One that was there before may have begun another session since.
      return main !== undefined || byAge(peer, process) > 0;
    });
  }
}

const isMarkedBy = (process: ProcessInfo, { kind, areMarksVague, marks = [] }: Detector): boolean =>
  kind !== 'manager' && !areMarksVague && marks.some(mark => carries(process, mark));
const variableOf = ({ environment }: ProcessInfo, variable: string | undefined): string | undefined =>
  variable === undefined ? undefined : environment[variable] || undefined;
const containerOf = ({ cgroup }: ProcessInfo): string | undefined => CONTAINER.exec(cgroup ?? '')?.[0];
