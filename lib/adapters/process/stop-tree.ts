import { setTimeout as delay } from 'node:timers/promises';
import type { Members } from './gather.js';
import { type HostProcess, identity, type ProcessTable } from './table.js';

const ROUNDS = 20;
const longer = (ms: number): number => Math.min(Math.max(1, ms * 2), 50);

/** How a tree stands after it was asked to stop. */
export interface Stopped {
  /** Every thread of every process was seen stopped, and no new one was found after that. */
  readonly still: boolean;
  /** Those that this stopped: others may have been stopped before, for whatever reason. */
  readonly stopped: readonly HostProcess[];
  /** Some may not be signalled by this user. */
  readonly denied: boolean;
}

/**
 * Stops (SIGSTOP) what is outside of a cgroup, and again what was forked meanwhile, until none is new and each is seen to
 * stand still.
 * @param look looks at all processes, and says what of the agent is to be stopped
 */
export async function stopTree(
  table: Pick<ProcessTable, 'signal' | 'postures'>,
  look: () => Promise<readonly HostProcess[]>,
  deadline: AbortSignal,
): Promise<Stopped> {
  const asked = new Set<string>();
  const stopped: HostProcess[] = [];
  let denied = false;
  let members = await look();
  for (let round = 0, wait = 0; round < ROUNDS && !deadline.aborted; round += 1) {
    const fresh = members.filter(one => !asked.has(identity(one)));
    for (const one of fresh) asked.add(identity(one));
    const loose = fresh.filter(({ state }) => state !== 'stopped');
    const signalled = await table.signal(loose, 'SIGSTOP');
    denied ||= signalled.denied.length > 0;
    stopped.push(...loose.filter(one => !signalled.denied.includes(one)));
    if (denied) break;
    const postures = await table.postures(members);
    // A fork that had begun is over when its parent stands still: so one more look decides.
    const still = members.every(({ pid }) => postures.get(pid)?.still !== false);
    if (!still) {
      wait = longer(wait);
      await delay(wait, undefined, { signal: deadline }).catch(() => undefined);
    }
    members = await look();
    if (still && members.every(one => asked.has(identity(one)))) return { still: true, stopped, denied };
  }
  return { still: false, stopped, denied };
}

/** Members of an agent that are in none of these cgroups. */
export function outsideOf({ living }: Members, inside: readonly number[]): readonly HostProcess[] {
  const pids = new Set(inside);
  return living.filter(({ pid }) => !pids.has(pid));
}
