import type { HostFiles } from '../ports/host-files.js';
import type { ProcessInfo, ProcessListing } from '../ports/process-table.js';
import type {
  FoundAgent,
  FoundMember,
  Peer,
  ProcessPin,
  Recognition,
  Recognized,
} from '../ports/recognition.js';
import { omitUndefined } from '../util/omit-undefined.js';
import { agentIdsOf, sessionIn } from './agent-ids.js';
import type { Detector } from './detectors/detector.js';
import { detectors } from './detectors/index.js';
import { type HostView, viewOf } from './host-view.js';
import { type Kinship, kinshipOf } from './kinship.js';
import { variablesOf } from './marks.js';
import { type Member, type Members, membersOf, type Sought } from './members.js';
import type { Root } from './roots.js';
import { sessionInFiles } from './session-files.js';

export interface RecognitionOptions {
  readonly detectors: readonly Detector[];
  /** The variable that holds an agent's ID. */
  readonly agentVariable: string;
  /** What the tool itself wrote down of an agent's session; asked where no process shows it. */
  readonly sessionOf?: (root: Root) => Promise<string | undefined>;
}

/** By every detector, and by what their tools write down of their sessions. */
export const recognitionOn =
  (agentVariable: string) =>
  (files: HostFiles): Recognition =>
    createRecognition({ detectors, agentVariable, sessionOf: root => sessionInFiles(files, root) });

/** @see Recognition */
export function createRecognition({
  detectors: all,
  agentVariable,
  sessionOf,
}: RecognitionOptions): Recognition {
  const named = (name: string): Detector | undefined =>
    all.find(one => one.name === name && (one.main ?? one.wrapper) !== undefined);
  const looked = new WeakMap<ProcessListing, { readonly view: HostView; readonly kinship: Kinship }>();
  /** Of one listing once, for all that are stopped together. */
  const look = (listing: ProcessListing) => {
    const before = looked.get(listing);
    if (before) return before;
    const view = viewOf(listing, all, agentVariable);
    const now = { view, kinship: kinshipOf(view) };
    looked.set(listing, now);
    return now;
  };
  return {
    variables: variablesOf(all, agentVariable),
    knows: name => named(name) !== undefined,
    async recognize(agent, listing) {
      const { view, kinship } = look(listing);
      const main = mainOf(agent, listing, view);
      const state = stateOf(agent, main, view);
      const root = kinship.roots.find(one => one.main === main || one.top === main);
      const session =
        (root && kinship.sessionOf(root)) ?? agent.session ?? sessionIn(agent.agentId, agent.detector);
      const tool = named(agent.detector)?.tool ?? agent.detector;
      const common = omitUndefined({ main: state, session, tool });
      if (state === 'unreadable' || state === 'unmatched') return { ...common, members: [], spared: [] };

      const again = kinship.roots.filter(one => hasComeBack(one, { agent, session, main }, kinship));
      // A server that others need is recorded as the agent's too, and is none by itself.
      const isHelper = main !== undefined && root === undefined && typeof view.toolOf(main)?.as === 'object';
      const sought: Sought = omitUndefined({
        ...pinOf(main === undefined || isHelper ? NOTHING : main),
        cgroup: agent.cgroup,
        known: isHelper ? [...(agent.known ?? []), main] : agent.known,
      });
      const looks = [sought, ...again.map(one => one.main)].map(one => membersOf(view, one, kinship));
      const own = new Set([main?.pid, root?.main.pid, ...again.map(one => one.main.pid)]);
      const peersOf = await peersIn(looks, kinship, sessionOf);
      const members = [
        ...new Map(looks.flatMap(one => one.members).map(one => [one.process.pid, one])).values(),
      ];
      return {
        ...common,
        members: members.map(one =>
          shown(
            one,
            peersOf(one).filter(({ pid }) => !own.has(pid)),
          ),
        ),
        spared: looks.flatMap(({ spared }) => spared.map(pinOf)),
      };
    },
  };
}

/** Pins no process. */
const NOTHING: ProcessPin = { pid: 0, startTime: '' };
const pinOf = ({ pid, startTime }: ProcessPin): ProcessPin => ({ pid, startTime });

/** PIDs mean nothing after another boot. */
const mainOf = ({ main }: FoundAgent, { bootId }: ProcessListing, view: HostView): ProcessInfo | undefined =>
  (main.bootId ?? bootId) === (bootId ?? main.bootId) ? view.find(main) : undefined;

function stateOf(
  { detector, cgroup, known = [] }: FoundAgent,
  main: ProcessInfo | undefined,
  view: HostView,
): Recognized['main'] {
  if (main === undefined) return 'gone';
  // What was recognised before, or stands in its cgroup, stays the agent's whatever it runs now.
  if (cgroup !== undefined && main.cgroup === cgroup) return 'here';
  if ([...known].some(({ pid, startTime }) => pid === main.pid && startTime === main.startTime))
    return 'here';
  if (main.executable === undefined) return 'unreadable';
  return view.toolOf(main)?.detector.name === detector ? 'here' : 'unmatched';
}

interface Ended {
  readonly agent: FoundAgent;
  readonly session: string | undefined;
  readonly main: ProcessInfo | undefined;
}

/** Whether this is the agent again, started since it was stopped, with the session that it had. */
function hasComeBack(
  { main, top, detector }: Root,
  { agent, session, main: before }: Ended,
  kinship: Kinship,
) {
  if (agent.stoppedSince === undefined || session === undefined || main === before) return false;
  if (detector?.name !== agent.detector || (main.startedAt ?? 0) < agent.stoppedSince) return false;
  const root = kinship.roots.find(one => one.main === main);
  if (root !== undefined && kinship.sessionOf(root) === session) return true;
  return [...main.args, ...top.args].some(arg => arg === session || arg.endsWith(`=${session}`));
}

async function peersIn(
  all: readonly Members[],
  kinship: Kinship,
  sessionOf: RecognitionOptions['sessionOf'],
): Promise<(member: Member) => readonly Peer[]> {
  // Only where something is shared it matters what the others are called.
  if (!all.some(({ members }) => members.some(one => one.sharedWith))) return () => [];
  const sessions = new Map<Root, string | undefined>();
  for (const root of kinship.roots) sessions.set(root, kinship.sessionOf(root) ?? (await sessionOf?.(root)));
  const ids = agentIdsOf(kinship.roots, root => sessions.get(root));
  const byPid = new Map([...ids].map(([{ main }, agentId]) => [main.pid, agentId]));
  return ({ sharedWith = [] }) =>
    sharedWith.map(one => ({ ...pinOf(one), agentId: byPid.get(one.pid) ?? `PID ${one.pid}` }));
}

const shown = ({ process, as, respawns }: Member, peers: readonly Peer[]): FoundMember =>
  omitUndefined<FoundMember>({
    ...pinOf(process),
    as,
    respawns,
    sharedWith: peers.length > 0 ? peers : undefined,
  });
