import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { treeOf } from '../../lib/adapters/cgroup/tree.js';
import { cgroupsOf, membersOf, removeCgroup, thaw } from '../services/cgroups.js';
import { signal, startTimeOf } from '../services/proc.js';

/**
 * What belongs to a session is known by a cgroup of a hierarchy of our own, which has a name and no controllers
 * (cgroups(7), "Named hierarchies"). A process is in it for good, daemons with a scrubbed environment too; and a stop
 * that moves agents between the cgroups of this host neither sees nor changes that, as the hierarchy is mounted in the
 * folder of the run alone.
 */
const NAME = 'killswitch-agents';
const pointOf = (folder: string): string => join(folder, 'cgroup');
/** The group of a whole run. */
export const rootOf = (folder: string): string => join(pointOf(folder), basename(folder));

/** Mounts the hierarchy in a run's folder. It takes root. */
export function mountTracker(folder: string): void {
  mkdirSync(pointOf(folder));
  const { status, stderr } = mount(folder);
  if (status !== 0)
    throw new Error(
      `A cgroup hierarchy to track agents by could not be mounted, which takes root: ${stderr}`,
    );
  mkdirSync(rootOf(folder));
}

const mount = (folder: string) =>
  spawnSync('mount', ['-t', 'cgroup', '-o', `none,name=${NAME}`, NAME, pointOf(folder)], {
    encoding: 'utf8',
  });

/** Ends all that was ever started in a run, and unmounts. */
export function unmountTracker(folder: string): void {
  endGroup(rootOf(folder));
  // The kernel forgets a hierarchy some time after it is unmounted, unless a cgroup of it was not quite gone by then.
  for (let attempt = 0; attempt < 5; attempt++) {
    spawnSync('umount', [pointOf(folder)]);
    for (let look = 0; look < 40; look++) {
      if (!isKnown()) return;
      pause(25);
    }
    if (mount(folder).status !== 0) return;
  }
  spawnSync('umount', [pointOf(folder)]);
}

const pause = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

const isKnown = (): boolean => readFileSync('/proc/self/cgroup', 'utf8').includes(`:name=${NAME}:`);

/** Makes a group below another one. */
export function makeGroup(parent: string, name: string): string {
  const directory = join(parent, name);
  mkdirSync(directory);
  return directory;
}

/** A line of sh that moves the shell itself, and so all that it starts, into a group. */
export const enterLine = (group: string): string => `echo $$ >'${group}/cgroup.procs'`;

/** Live processes in a group and in those below it. */
export const inGroup = (group: string): number[] => membersOf(treeOf(group));

/**
 * Kills all that is in a group, frozen or not, until nothing is left, and removes it with those below. It is
 * synchronous, because an `exit` handler gets no second turn.
 */
export function endGroup(group: string): void {
  const deadline = performance.now() + 20_000;
  while (existsSync(group)) {
    const left = inGroup(group);
    if (performance.now() > deadline) throw new Error(`${group} cannot be ended: ${left.join(', ')}`);
    for (const pid of left) {
      signal(pid, startTimeOf(pid), 'SIGKILL');
      cgroupsOf(pid).forEach(thaw);
    }
    // Refused as long as one that was killed is not wholly gone.
    for (const directory of [...treeOf(group)].reverse()) removeCgroup(directory);
    pause(5);
  }
}
