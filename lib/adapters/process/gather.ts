import type { HostProcess, Identity, Snapshot } from './table.js';

/** What belongs to an agent at one moment. */
export interface Pack {
  readonly snapshot: Snapshot;
  /** To be killed: none of them dead. */
  readonly living: readonly HostProcess[];
  /** Belongs to the agent too, but is never touched: we ourselves, our ancestors, PID 1. */
  readonly spared: readonly HostProcess[];
}

/**
 * Finds what belongs to an agent: what carries the variable with its ID, what was known before, and all that either
 * of them brought into the world, by parentage, by session and by process group.
 */
export function gather(snapshot: Snapshot, agentId: string, known: ReadonlyMap<string, Identity>): Pack {
  const remembered = [...known.values()].flatMap(process => {
    const now = snapshot.get(process.pid);
    return now?.startTime === process.startTime ? [now] : [];
  });
  const members = new Set([...snapshot.labelled(agentId), ...remembered]);
  for (const member of members) {
    for (const relative of bornOf(member, snapshot)) members.add(relative);
  }
  const untouchable = lineOf(snapshot);
  const alive = [...members].filter(({ state, kernel }) => state !== 'dead' && !kernel);
  return {
    snapshot,
    living: alive.filter(({ pid }) => !untouchable.has(pid)),
    spared: alive.filter(({ pid }) => untouchable.has(pid)),
  };
}

/** Who descends from a member. To be adopted by PID 1 is no descent. */
function bornOf(member: HostProcess, snapshot: Snapshot): readonly HostProcess[] {
  const { pid } = member;
  if (pid <= 1 || member.kernel) return [];
  const session = member.session === pid ? snapshot.sessionOf(pid) : [];
  const group = member.group === pid ? snapshot.groupOf(pid).filter(other => isOrphan(other, snapshot)) : [];
  return [...snapshot.childrenOf(pid), ...session, ...group];
}

/**
 * One enters a session by birth alone, but a shell also puts the other commands of a pipeline into a group
 * (setpgid(2)). Those have a parent in their own session; what was born in the group and lost its parent has not.
 */
function isOrphan({ ppid, session }: HostProcess, snapshot: Snapshot): boolean {
  return snapshot.get(ppid)?.session !== session;
}

/** PID 1, we ourselves and our ancestors. */
function lineOf(snapshot: Snapshot): ReadonlySet<number> {
  const line = new Set([0, 1]);
  for (let pid = process.pid; !line.has(pid); pid = snapshot.get(pid)?.ppid ?? 0) line.add(pid);
  return line;
}
