import { isOpen as isOwed, type LayerOutcome } from '../../domain/outcome.js';
import type { ProcessListing } from '../../ports/process-table.js';
import type { FoundMember } from '../../ports/recognition.js';
import type { FoundKill } from './found-kill.js';
import { LIMIT, MEND } from './words.js';

export type Told = Pick<LayerOutcome, 'outcome' | 'detail'>;

const DENIED = `not permitted to signal a process of the agent, which may still run: ${MEND}`;
const INSIDE = 'the killswitch itself runs inside this agent: it and its ancestors were left alive';
const UNREADABLE = `the recorded process may not be read by this user, so nothing shows whether it is the agent; it may still run: ${MEND}`;
const STUCK = 'a process in uninterruptible sleep cannot be killed';
const POPULATED = "something in the agent's cgroup does not die";

const isOpen = ({ outcome }: Told): boolean => isOwed({ layer: 'process', outcome });

export interface FoundEvidence {
  /** PID of its main. */
  readonly pid: number;
  readonly exists: (pid: number) => boolean;
  /** Whether it has a cgroup of its own, and whether something in it is neither another's nor dead. */
  readonly cage: 'none' | 'empty' | 'populated';
  /** Whether an earlier kill took a cgroup of its own with it. */
  readonly wasEnclosed: boolean;
}

/** Puts into words how the kill of a found agent ended: what is owed comes before what is refused, and that before success. */
export function reportFound(kill: FoundKill, { pid, exists, cage, wasEnclosed }: FoundEvidence): Told {
  const { recognized, left, shared, sent, denied, listing } = kill;
  const findings: Told[] = [];
  const add = (outcome: Told['outcome'], detail: string): void => void findings.push({ outcome, detail });
  if (left.length > 0 && denied) add('failed', DENIED);
  else if (left.length > 0) add('pending', leftOver(left, listing));
  else if (cage === 'populated') add('pending', POPULATED);
  if (recognized.spared.length > 0) add('failed', INSIDE);
  if (shared.length > 0) add('pending', sharing(shared));
  if (recognized.main === 'unreadable') add('blind', UNREADABLE);
  if (recognized.main === 'gone' && listing.hidden !== undefined && exists(pid))
    add(
      'blind',
      `${listing.hidden}; something runs under the recorded PID, and it may still be the agent: ${MEND}`,
    );
  if (recognized.main === 'unmatched')
    add('refused', `PID ${pid} is no longer what ${recognized.tool} is known by, so it was not touched`);
  const [first] = findings;
  if (first) return { ...first, detail: findings.map(({ detail }) => detail).join('; ') };
  return {
    outcome: sent > 0 ? 'dead' : 'alreadyGone',
    ...(cage === 'none' && !wasEnclosed && { detail: LIMIT }),
  };
}

function leftOver(left: readonly FoundMember[], { processes }: ProcessListing): string {
  const count = left.length === 1 ? '1 process does not die' : `${left.length} processes do not die`;
  const pids = new Set(left.map(({ pid }) => pid));
  const isStuck = processes.some(({ pid, state }) => state === 'stuck' && pids.has(pid));
  return isStuck ? `${count}; ${STUCK}` : count;
}

function sharing(shared: readonly FoundMember[]): string {
  const others = [...new Set(shared.flatMap(one => one.sharedWith ?? []).map(({ agentId }) => agentId))];
  const served = shared.filter(({ as }) => as !== 'child').map(({ as, pid }) => `${as} ${pid}`);
  return `shared with ${others.join(', ')}, and left alive for it: ${served.join(', ')}`;
}

/** Both what was done by its detector, and what by the agent's ID that processes carry. */
export function together(told: Told, byLabel: LayerOutcome | undefined): Told {
  if (byLabel === undefined || byLabel.outcome === 'notFound') return told;
  const [first, second] = isOpen(told) || !isOpen(byLabel) ? [told, byLabel] : [byLabel, told];
  const isDead = !isOpen(first) && [told, byLabel].some(({ outcome }) => outcome === 'dead');
  const detail = [first.detail, ...(isOpen(second) ? [second.detail] : [])].filter(Boolean).join('; ');
  return { outcome: isDead ? 'dead' : first.outcome, ...(detail && { detail }) };
}
