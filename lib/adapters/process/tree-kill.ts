import { setTimeout as delay } from 'node:timers/promises';
import type { KillOptions, Target } from '../../ports/sandbox.js';
import { gather, type Members } from './gather.js';
import type { OwnCgroups } from './own-cgroup.js';
import { recordedIn } from './recorded.js';
import type { Kinship } from './standing.js';
import { type HostProcess, type Identity, identity, labelOf, type ProcessTable } from './table.js';

/** How the kill of a tree ended: `members` is what was seen last. */
export interface TreeKill {
  readonly members: Members;
  /** Signals that reached a process. */
  readonly sent: number;
  /** Whether all that is left are processes that we may not signal. */
  readonly denied: boolean;
}

const NONE: ReadonlySet<number> = new Set();
const FREEZE_ROUNDS = 20;
/** Pause after which a process that was asked to stop is killed even if it was not seen still. */
const FREEZE_PATIENCE_MS = 8;
/** Longest wait of one kill for what cannot be told yet: an exec may hang on a dead disk. */
const PATIENCE_MS = 500;
const longer = (ms: number): number => Math.min(Math.max(1, ms * 2), 50);
const pause = (ms: number, signal?: AbortSignal): Promise<void> =>
  delay(ms, undefined, { ...(signal && { signal }) }).catch(() => undefined);

/**
 * Kills all that belongs to an agent, and sees it gone: asks first if there is a grace, stops every member until no
 * new one is found, so that nothing can fork away, then kills, and scans until no process is left or the deadline is over.
 * @param aids the agent's own cgroups, which are killed as well, at once or when the grace is over; and what helps to
 * tell its processes from others
 */
export async function killTree(
  table: ProcessTable,
  target: Target,
  { graceMs, deadline }: KillOptions,
  { cgroups, kinship = {} }: { readonly cgroups?: OwnCgroups | undefined; readonly kinship?: Kinship } = {},
): Promise<TreeKill> {
  const { agentId } = target;
  const recorded = recordedIn(target);
  const known = new Map<string, Identity>();
  const frozen = new Set<string>();
  const denied = new Set<string>();
  const killed = new Set<string>();
  let eldest: Identity | undefined;
  let sent = 0;
  let patience = PATIENCE_MS;
  let unclear = 1;
  let watched: ReadonlySet<number> = new Set();

  const signal = async (processes: readonly HostProcess[], name: NodeJS.Signals): Promise<void> => {
    const result = await table.signal(processes, name);
    sent += result.sent;
    for (const process of result.denied) denied.add(identity(process));
  };
  /**
   * Without an argument: sees how those are that were alive, and who is new. Scans again while a process is in the
   * middle of an exec and so cannot be identified, or while none is found because all that were listed had ended.
   */
  const look = async (fresh: 'all' | ReadonlySet<number> = watched): Promise<Members> => {
    const snapshot = await table.snapshot(fresh);
    if (fresh === 'all') {
      for (const pid of cgroups?.members() ?? []) {
        const member = snapshot.get(pid);
        if (member) known.set(identity(member), member);
      }
    }
    const members = gather(snapshot, agentId, known, { ...kinship, eldest: eldest ?? kinship.eldest });
    eldest ??= members.eldest;
    await letGo(members);
    for (const process of members.living) known.set(identity(process), process);
    watched = new Set(members.living.map(({ pid }) => pid));
    if (isClear(members, known) || patience <= 0 || deadline.aborted) return members;
    patience -= unclear;
    await pause(unclear, deadline);
    unclear = longer(unclear);
    return look();
  };
  /** What turns out not to be the agent's alone is not left standing still. */
  const letGo = async ({ bystanders, shared }: Members): Promise<void> => {
    const others = [...bystanders, ...shared.map(({ process }) => process)];
    const held = others.filter(process => frozen.delete(identity(process)));
    for (const process of held) known.delete(identity(process));
    if (held.length > 0) await table.signal(held, 'SIGCONT');
  };
  const killCgroups = (): void => {
    if (cgroups?.kill()) sent += 1;
  };
  /** Only now it is known who carries the variable, and may have founded a cgroup. */
  const killFounded = ({ living }: Members): void => {
    const label = labelOf(agentId);
    if (cgroups?.take(living.filter(({ labels }) => labels.includes(label))) && graceMs === 0) killCgroups();
  };
  const isMoving = (process: HostProcess): boolean =>
    process.state === 'alive' && !denied.has(identity(process));
  const isOver = ({ living }: Members): boolean => living.every(process => denied.has(identity(process)));

  const terminate = async (first: Members): Promise<Members> => {
    const end = performance.now() + graceMs;
    const asked = new Set<string>();
    let members = first;
    for (
      let wait = 2;
      !isOver(members) && performance.now() < end && !deadline.aborted;
      wait = longer(wait)
    ) {
      const unasked = members.living.filter(process => !asked.has(identity(process)));
      for (const process of unasked) asked.add(identity(process));
      await signal(unasked, 'SIGTERM');
      await pause(Math.min(wait, Math.max(0, end - performance.now())), deadline);
      members = await look();
    }
    return look('all');
  };

  /** A process asked to stop may still complete a fork that had begun: hence one more scan after all were seen stopped. */
  const freeze = async (first: Members): Promise<Members> => {
    let members = first;
    let calm = false;
    for (let round = 0, wait = 1; round < FREEZE_ROUNDS; round += 1) {
      const fresh = members.living.filter(process => !killed.has(identity(process)));
      const loose = fresh.filter(process => !frozen.has(identity(process)));
      if (fresh.length === 0 || (calm && loose.length === 0)) return members;
      await signal(loose, 'SIGSTOP');
      for (const process of loose) frozen.add(identity(process));
      calm = loose.length === 0 && !fresh.some(isMoving);
      if (loose.length === 0 && !calm) {
        await pause(wait);
        wait = longer(wait);
        calm = wait > FREEZE_PATIENCE_MS;
      }
      members = loose.length > 0 ? await look('all') : await look(calm ? NONE : watched);
    }
    return members;
  };

  if (graceMs === 0 && recorded?.startTime !== undefined) {
    for (const process of table.freezeTree(recorded.pid, recorded.startTime, agentId)) {
      known.set(identity(process), process);
      frozen.add(identity(process));
      sent += 1;
    }
  }
  // Only now, because the children of the dead cannot be told from others.
  if (graceMs === 0) killCgroups();
  let members = await look('all');
  killFounded(members);
  if (graceMs > 0) {
    if (members.living.length > 0) members = await terminate(members);
    killCgroups();
  }
  for (let wait = 0; members.living.length > 0; wait = longer(wait)) {
    members = await freeze(members);
    await signal(members.living, 'SIGKILL');
    for (const process of members.living) killed.add(identity(process));
    if (wait > 0) await pause(wait, deadline);
    members = await look();
    if (isOver(members) || deadline.aborted) break;
  }
  return { members, sent, denied: isOver(members) };
}

function isClear({ snapshot, living }: Members, known: ReadonlyMap<string, Identity>): boolean {
  if (living.length === 0 && !snapshot.settled) return false;
  return !snapshot.all.some(process => process.environment === 'nascent' && !known.has(identity(process)));
}
