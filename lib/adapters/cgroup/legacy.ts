import { join } from 'node:path';
import { ifPossible, writeControl } from './files.js';
import { membersOf, treeOf } from './tree.js';

const ROUNDS = 100;

/**
 * Version 1, which has no kill of its own: freezes the subtree so that nobody forks, sends SIGKILL to all, and thaws,
 * because a frozen process dies only then. Again until nobody new is found, for a fork may have been under way: to wait
 * for all to be frozen takes longer than to look again. False if somebody may not be signalled.
 */
export function killLegacy(directory: string): boolean {
  const met = new Set<number>();
  let allowed = true;
  for (let round = 0; round < ROUNDS; round++) {
    if (strangers(directory, met).length === 0) return allowed;
    setFreezer(directory, 'FROZEN');
    try {
      for (const pid of strangers(directory, met)) {
        met.add(pid);
        allowed = sendKill(pid) && allowed;
      }
    } finally {
      thaw(treeOf(directory));
    }
  }
  return allowed;
}

/** Read right before they are signalled, and never kept. 0 and 1 would reach others than a member. */
function strangers(directory: string, met: ReadonlySet<number>): readonly number[] {
  const pids = membersOf(treeOf(directory)).filter(pid => !met.has(pid));
  if (pids.some(pid => pid <= 1 || pid === process.pid))
    throw new Error('The cgroup holds what may not be killed.');
  return pids;
}

function sendKill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH';
  }
}

/** Lets go what is frozen, by us or by Docker's pause. Each cgroup of a tree may have been frozen by itself. */
export function thaw(tree: readonly string[]): void {
  for (const directory of tree) setFreezer(directory, 'THAWED');
}

/** Best effort: another controller has no such file. */
function setFreezer(directory: string, state: 'FROZEN' | 'THAWED'): void {
  ifPossible(() => writeControl(join(directory, 'freezer.state'), state));
}

/** Whether no live process is in the cgroup nor below it. */
export const isLegacyEmpty = (directory: string): boolean => membersOf(treeOf(directory)).length === 0;
