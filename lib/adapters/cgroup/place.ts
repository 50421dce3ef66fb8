import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';
import { ifPossible, unlessGone } from './files.js';
import { isFounder } from './founder.js';
import type { Guard } from './guard.js';
import { type Membership, pathIn } from './membership.js';
import type { CgroupMount } from './mountinfo.js';
import { isNamedAfter } from './named.js';
import { below, namesOf } from './paths.js';
import type { Proc } from './proc.js';
import { membersOf, treeOf } from './tree.js';

/** How a cgroup is killed, or why it is only looked at: that it is empty can be seen by others than may kill it. */
export type Use =
  | { readonly control: Control; readonly why?: never }
  | { readonly control?: never; readonly why: string };

/** The file that has to be writable. */
export type Control = 'cgroup.kill' | 'cgroup.freeze' | 'freezer.state' | 'cgroup.procs';

/** A cgroup that is a sandbox's as a whole. */
export interface Place {
  readonly use: Use;
  readonly mount: CgroupMount;
  /** As /proc shows it. */
  readonly path: string;
  readonly directory: string;
  /** Of a cgroup whose name does not identify it: another directory of that name belongs to another process. */
  readonly inode?: bigint;
}

/**
 * What makes a cgroup the sandbox's own: that it is named after the container's full ID, or that the process founded it.
 * A container's never is its own by its founder: an engine elsewhere tells PIDs that are a stranger's here.
 */
export type Claim = { readonly id: string } | { readonly isForeign: (pid: number) => boolean };

export interface Seeker {
  readonly proc: Proc;
  readonly pid: number;
  readonly memberships: readonly Membership[];
  readonly claim: Claim;
  readonly guard: Guard;
}

/** The place in one hierarchy, or why it is none; undefined if there is nothing to say. */
export function placeIn(mount: CgroupMount, seeker: Seeker): Place | string | undefined {
  const { proc, pid, memberships, claim, guard } = seeker;
  const full = pathIn(mount, memberships);
  if (full === undefined) return undefined;
  const names = below(mount.root, full);
  if (names === undefined) return 'the cgroup lies outside of those mounted here';
  // What runs in a container may have cgroups of its own below the container's.
  const named = 'id' in claim ? names.findIndex(name => isNamedAfter(name, claim.id)) : -1;
  const kept = named < 0 ? names : names.slice(0, named + 1);
  if (kept.length === 0) return 'it runs in a root cgroup';
  const path = `/${dropLast(namesOf(full), names.length - kept.length).join('/')}`;
  if ('id' in claim && named < 0) return 'the cgroup is not named after the container';
  if (guard(mount, path)) return 'the cgroup also holds this service or what started it';
  if (!membersOf([join(mount.point, ...names)]).includes(pid)) return 'the cgroup is not mounted here';
  const directory = join(mount.point, ...kept);
  const use = useOf(mount, directory, proc);
  if (typeof use === 'string') return use;
  if ('id' in claim) return { mount, path, directory, use };
  const inode = inodeOf(directory);
  if (inode === undefined) return undefined;
  const founded = isFounder(proc, pid, membersOf(treeOf(directory)), claim.isForeign);
  return founded ? { mount, path, directory, inode, use } : 'the cgroup is shared with others';
}

const dropLast = (names: readonly string[], count: number): readonly string[] =>
  names.slice(0, names.length - count);

/** What can be done with a cgroup; if it cannot even be looked at, why. */
export function useOf(mount: CgroupMount, directory: string, proc: Pick<Proc, 'self'>): Use | string {
  const control = controlOf(mount, directory);
  const obstacle = obstacleAt(directory, control, proc);
  if (obstacle === undefined) return { control };
  const watched = mount.version === 2 ? 'cgroup.events' : 'cgroup.procs';
  return allows(join(directory, watched), constants.R_OK) ? { why: obstacle } : obstacle;
}

function controlOf({ version, controllers }: CgroupMount, directory: string): Control {
  if (version === 1) return controllers.includes('freezer') ? 'freezer.state' : 'cgroup.procs';
  const isOld = !allows(join(directory, 'cgroup.kill'), constants.F_OK);
  return isOld && allows(join(directory, 'cgroup.freeze'), constants.F_OK) ? 'cgroup.freeze' : 'cgroup.kill';
}

function obstacleAt(directory: string, control: Control, { self }: Pick<Proc, 'self'>): string | undefined {
  // All but one send signals, by the PIDs that stand in the cgroup.
  if (control !== 'cgroup.kill' && self !== process.pid) return 'the PIDs are of another namespace';
  const file = join(directory, control);
  if (!allows(file, constants.F_OK)) return `the kernel offers no ${control}`;
  if (allows(file, constants.W_OK)) return undefined;
  return process.getuid?.() === 0
    ? 'the cgroup is read-only'
    : 'this process is not root and may not write to the cgroup';
}

const allows = (path: string, mode: number): boolean =>
  ifPossible(() => [accessSync(path, mode)]) !== undefined;

/** Undefined once the cgroup is gone. */
export const inodeOf = (directory: string): bigint | undefined =>
  unlessGone(() => statSync(directory, { bigint: true }).ino);
