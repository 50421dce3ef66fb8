import type { LayerOutcome } from '../../domain/outcome.js';
import type { Enclosing, Enclosures } from '../../ports/enclosure.js';
import type { Target } from '../../ports/sandbox.js';
import type { Cages } from './cages.js';
import { gather, type Members } from './gather.js';
import type { Kinship } from './standing.js';
import { outsideOf, stopTree } from './stop-tree.js';
import { type HostProcess, type Identity, identity, labelOf, type ProcessTable } from './table.js';
import { MEND } from './words.js';

export interface PauseParts {
  readonly table: ProcessTable;
  readonly cages: Cages;
  readonly kinship: Kinship;
  readonly enclosures?: Pick<Enclosures, 'enclose'> | undefined;
}

/** What was seen of one agent; `absent`: nothing of it runs here that could be paused. */
export type Paused =
  | {
      readonly kind: 'seen';
      readonly seen: Pick<LayerOutcome, 'outcome' | 'detail' | 'weaker'>;
      readonly stopped?: readonly Identity[];
    }
  | { readonly kind: 'absent'; readonly members: Members };

type Seen = Extract<Paused, { readonly kind: 'seen' }>['seen'];

/** How often what is outside is looked for and moved. */
const ROUNDS = 5;
const seen = (outcome: Seen['outcome'], detail?: string): Paused => ({
  kind: 'seen',
  seen: { outcome, ...(detail !== undefined && { detail }) },
});
const INSIDE = 'the killswitch itself runs inside this agent: to freeze it would freeze this program';
const MOVING = 'not every process of the agent was seen to stand still yet';
const weaker = (why: string): string =>
  `stopped by signals, because it could not be given a cgroup of its own: ${why}; any process may let it go on`;
const interactive = (why: string): string =>
  `it has a terminal, where a signal is no pause, and it could not be given a cgroup of its own: ${why}`;
const DENIED = `not permitted to signal a process of the agent: ${MEND}`;
const NOWHERE = 'there are no cgroups here that this program may use';

/**
 * Freezes an agent in its own cgroup, which it is given first if it has none; where it cannot have one, and has no
 * terminal, by SIGSTOP of every process. "Paused" is said once all are seen to stand still.
 */
export async function pauseTree(target: Target, parts: PauseParts, deadline: AbortSignal): Promise<Paused> {
  const { table, cages } = parts;
  const known = new Map<string, Identity>();
  const look = lookFor(target, parts, known);
  let members = await look();
  if (members.living.length === 0 && members.spared.length === 0) return { kind: 'absent', members };
  if (members.spared.length > 0) return seen('refused', INSIDE);
  if (members.shared.length > 0) return seen('refused', sharedWith(members));
  const wasFrozen = cages.isFrozen();

  let why = NOWHERE;
  for (let round = 0; round < ROUNDS; round += 1) {
    cages.take(members.living.filter(({ labels }) => labels.includes(labelOf(target.agentId))));
    const outside = outsideOf(members, cages.held());
    if (outside.length === 0) break;
    const enclosing = await parts.enclosures?.enclose(target.agentId, outside);
    why = whyOutside(enclosing) ?? why;
    if (!enclosing?.enclosed || enclosing.moved === 0) break;
    members = await look();
  }
  const isFrozen = cages.isKnown() ? await cages.freeze(deadline) : true;
  members = await look();
  const outside = outsideOf(members, cages.held());
  if (outside.length === 0) return isFrozen ? seen('paused') : seen('pending', MOVING);

  const postures = await table.postures(outside);
  if (outside.some(({ pid }) => postures.get(pid)?.interactive)) {
    if (!wasFrozen) await cages.thaw(deadline);
    return seen('refused', interactive(why));
  }
  const rest = async (): Promise<readonly HostProcess[]> => outsideOf(await look(), cages.held());
  const { still, stopped, denied } = await stopTree(table, rest, deadline);
  if (denied) {
    await table.signal(stopped, 'SIGCONT');
    if (!wasFrozen) await cages.thaw(deadline);
    return seen('refused', DENIED);
  }
  const outcome = still && isFrozen ? 'paused' : 'pending';
  return { kind: 'seen', seen: { outcome, detail: weaker(why), weaker: true }, stopped };
}

/**
 * Thaws the agent's cgroups, and continues what is stopped outside of them.
 * @param stoppedByUs if it is known: what was stopped before the pause stays so
 */
export async function resumeTree(
  target: Target,
  parts: PauseParts & { readonly stoppedByUs?: readonly Identity[] | undefined },
  deadline: AbortSignal,
): Promise<Paused> {
  const { table, cages, stoppedByUs } = parts;
  const members = await lookFor(target, parts, new Map())();
  if (members.living.length === 0) return { kind: 'absent', members };
  cages.take(members.living.filter(({ labels }) => labels.includes(labelOf(target.agentId))));
  const isThawed = cages.isKnown() ? await cages.thaw(deadline) : true;
  const ours = stoppedByUs && new Set(stoppedByUs.map(identity));
  const stopped = outsideOf(members, cages.held()).filter(
    one => one.state === 'stopped' && (ours?.has(identity(one)) ?? true),
  );
  const { denied } = await table.signal(stopped, 'SIGCONT');
  if (denied.length > 0) return seen('failed', DENIED);
  const postures = await table.postures(stopped);
  const isRunning = isThawed && stopped.every(({ pid }) => postures.get(pid)?.still !== true);
  return isRunning ? seen('resumed') : seen('pending', 'not every process was seen to run again yet');
}

/** What belongs to the agent by now, whatever was seen of it before included. */
function lookFor({ agentId }: Target, { table, cages, kinship }: PauseParts, known: Map<string, Identity>) {
  return async (): Promise<Members> => {
    const snapshot = await table.snapshot('all');
    for (const pid of cages.members()) {
      const member = snapshot.get(pid);
      if (member) known.set(identity(member), member);
    }
    const members = gather(snapshot, agentId, known, kinship);
    for (const one of members.living) known.set(identity(one), one);
    return members;
  };
}

function whyOutside(enclosing: Enclosing | undefined): string | undefined {
  if (enclosing === undefined) return undefined;
  if (!enclosing.enclosed) return enclosing.why;
  return enclosing.outside.length > 0 ? 'some of it could not be moved there' : undefined;
}

const sharedWith = ({ shared }: Members): string =>
  `shared with ${[...new Set(shared.flatMap(one => one.with))].join(', ')}, which would stand still too`;
