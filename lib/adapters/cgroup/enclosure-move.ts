import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as endOfTick } from 'node:timers/promises';
import type { Pinned } from '../../ports/enclosure.js';
import { isOurs } from './enclosure-name.js';
import { codeOf, ifPossible, writeControl } from './files.js';
import { idInName } from './named.js';
import { namesOf } from './paths.js';
import type { Proc } from './proc.js';
import { membersOf, treeOf } from './tree.js';

export interface Mover {
  readonly proc: Proc;
  readonly procRoot: string;
}

/** What became of the processes that were to be moved. */
export interface Moved {
  readonly moved: number;
  /** PIDs of those that could not be moved. */
  readonly outside: readonly number[];
  /** Why the last of them could not be. */
  readonly why?: unknown;
}

/** A tree that still forks outside after so many rounds is reported as it is. */
const ROUNDS = 100;

/**
 * Moves processes into a cgroup, then the children of all that are in it, and again until every one is inside: what was
 * forked right before its parent was moved is born outside. Lets others have their turn, for the kernel may take some
 * milliseconds for each.
 */
export async function moveAll(mover: Mover, directory: string, processes: readonly Pinned[]): Promise<Moved> {
  const { proc } = mover;
  const spared = new Set(proc.untouchable());
  const refused = new Map<number, unknown>();
  let moved = 0;
  let waiting = processes;
  for (let round = 0; round < ROUNDS && waiting.length > 0; round += 1) {
    const inside = new Set(membersOf(treeOf(directory)));
    for (const one of waiting) {
      const { pid } = one;
      if (inside.has(pid) || spared.has(pid) || pid <= 1 || isElsewhere(proc, pid)) continue;
      await endOfTick();
      const result = moveOne(proc, directory, one);
      if (result === 'moved') moved += 1;
      else if (result !== 'gone') refused.set(pid, result.error);
    }
    const now = new Set(membersOf(treeOf(directory)));
    waiting = [...now]
      .flatMap(pid => childrenOf(mover, pid))
      .filter(pid => !now.has(pid) && !spared.has(pid) && !refused.has(pid) && !isElsewhere(proc, pid))
      .map(pid => ({ pid, startTime: startTimeOf(proc, pid) }))
      .filter(one => one.startTime !== undefined)
      .map(({ pid, startTime = '' }) => ({ pid, startTime }));
  }
  const outside = [...refused.keys(), ...waiting.map(({ pid }) => pid)];
  return { moved, outside, why: [...refused.values()].at(-1) };
}

/** In a container, or in the cgroup that was made for an agent: not to be taken out of it. */
const isElsewhere = (proc: Proc, pid: number): boolean =>
  (proc.membershipsOf(pid) ?? []).some(({ path }) =>
    namesOf(path).some(name => idInName(name) !== undefined || isOurs(name)),
  );

const startTimeOf = (proc: Proc, pid: number): string | undefined => {
  const time = proc.startTimeOf(pid);
  return time === undefined ? undefined : String(time);
};

/** All threads of a process move with it (cgroups(7)). */
function moveOne(
  proc: Proc,
  directory: string,
  { pid, startTime }: Pinned,
): 'moved' | 'gone' | { readonly error: unknown } {
  const before = startTimeOf(proc, pid);
  if (before === undefined || proc.isZombie(pid) || (startTime !== undefined && startTime !== before))
    return 'gone';
  try {
    writeControl(join(directory, 'cgroup.procs'), String(pid));
    return 'moved';
  } catch (error) {
    return codeOf(error) === 'ESRCH' ? 'gone' : { error };
  }
}

/** By the kernel's own lists (`CONFIG_PROC_CHILDREN`); without them the caller has to find the children. */
function childrenOf({ procRoot }: Mover, pid: number): readonly number[] {
  const tasks = ifPossible(() => readdirSync(`${procRoot}/${pid}/task`)) ?? [];
  return tasks.flatMap(task => {
    const list = ifPossible(() => readFileSync(`${procRoot}/${pid}/task/${task}/children`, 'utf8'));
    return list?.match(/\d+/g)?.map(Number) ?? [];
  });
}
