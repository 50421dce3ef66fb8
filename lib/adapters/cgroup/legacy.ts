import { join } from 'node:path';
import { ifPossible, writeControl } from './files.js';
import { membersOf, treeOf } from './tree.js';

const ROUNDS = 100;

/** The file that freezes a cgroup with those below it, and what is written to it. */
interface Freezer {
  readonly file: string;
  readonly frozen: string;
  readonly thawed: string;
}

const LEGACY: Freezer = { file: 'freezer.state', frozen: 'FROZEN', thawed: 'THAWED' };
const UNIFIED: Freezer = { file: 'cgroup.freeze', frozen: '1', thawed: '0' };

/** Version 1, which has no kill of its own. */
export const killLegacy = (directory: string): boolean => killOneByOne(directory, LEGACY);
/** Version 2 before Linux 5.14, which has no `cgroup.kill` (cgroup-v2.rst). */
export const killOldUnified = (directory: string): boolean => killOneByOne(directory, UNIFIED);

/**
 * Freezes the subtree so that no process forks, sends SIGKILL to all, and thaws, because in version 1 a frozen process dies
 * only then. Repeats until no new process is found, as a fork may have been in progress: to wait for all to be frozen takes
 * longer than to look again. False if a process may not be signalled.
 */
function killOneByOne(directory: string, freezer: Freezer): boolean {
  const met = new Set<number>();
  let allowed = true;
  for (let round = 0; round < ROUNDS; round++) {
    if (strangers(directory, met).length === 0) return allowed;
    write(directory, freezer, freezer.frozen);
    try {
      for (const pid of strangers(directory, met)) {
        met.add(pid);
        allowed = sendKill(pid) && allowed;
      }
    } finally {
      release(treeOf(directory), freezer);
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

/** Lets go what is frozen in version 1, by us or by Docker's pause. */
export const thaw = (tree: readonly string[]): void => release(tree, LEGACY);

/** Each cgroup of a tree may have been frozen by itself. */
function release(tree: readonly string[], freezer: Freezer): void {
  for (const directory of tree) write(directory, freezer, freezer.thawed);
}

/** Best effort: another controller has no such file. */
function write(directory: string, { file }: Freezer, state: string): void {
  ifPossible(() => writeControl(join(directory, file), state));
}

/** Whether no live process is in the cgroup nor below it. */
export const isLegacyEmpty = (directory: string): boolean => membersOf(treeOf(directory)).length === 0;
