import { accessSync, constants, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { LEGACY_SLICE, nameOf, SLICE } from './enclosure-name.js';
import { ifPossible } from './files.js';
import { isLimited, isUnit } from './limits.js';
import { type Membership, pathIn } from './membership.js';
import type { CgroupMount } from './mountinfo.js';
import { idInName } from './named.js';
import { below, namesOf } from './paths.js';

/** Where the cgroup of an agent is to be: `names` below the mount point, the last of them its own. */
export interface Site {
  readonly mount: CgroupMount;
  readonly names: readonly string[];
}

/** The hierarchy that agents are enclosed in: version 2, also where it has no controllers, or else the freezer. */
export const hierarchyOf = (mounts: readonly CgroupMount[]): CgroupMount | undefined =>
  mounts.find(({ version, controllers }) => version === 2 || controllers.includes('freezer'));

/**
 * Decides where the cgroup of a process's agent goes, or says why it cannot have one: below the innermost cgroup around
 * it that has limits or is a unit of systemd's, so that those hold as before; otherwise as far up as this process may,
 * away from whatever else is in the cgroup that it came from.
 */
export function siteFor(
  mount: CgroupMount,
  memberships: readonly Membership[],
  agentId: string,
  space: string,
): Site | string {
  const path = pathIn(mount, memberships);
  const names = path === undefined ? undefined : below(mount.root, path);
  if (names === undefined) return 'its cgroup lies outside of those mounted here';
  if (memberships.some(one => namesOf(one.path).some(name => idInName(name) !== undefined)))
    return 'it runs in a container, whose cgroup is its engine’s';
  const own = nameOf(agentId, space);
  const at = names.indexOf(own);
  if (at >= 0) return { mount, names: names.slice(0, at + 1) };
  // From the outermost.
  const chain = [...Array(names.length + 1).keys()].map(length => names.slice(0, length));
  const inner = chain.findLastIndex(one => isKept(mount, one));
  const base = chain.slice(Math.max(inner, 0)).find(one => mayMakeIn(join(mount.point, ...one)));
  if (base === undefined) return obstacle(inner >= 0 ? chain[inner] : undefined);
  if (inner >= 0) return { mount, names: [...base, own] };
  return { mount, names: [...base, mount.version === 2 ? SLICE : LEGACY_SLICE, own] };
}

/** In version 1 the freezer has nothing that limits; to be below another cgroup still means to be frozen with it. */
function isKept({ point, version }: CgroupMount, names: readonly string[]): boolean {
  if (names.length === 0) return false;
  if (version === 1) return true;
  const directory = join(point, ...names);
  return isUnit(basename(directory)) || isLimited(directory);
}

/** To move a process, `cgroup.procs` of the cgroup that both places have in common must be writable as well. */
const mayMakeIn = (directory: string): boolean =>
  [directory, join(directory, 'cgroup.procs')].every(
    path => ifPossible(() => [accessSync(path, constants.W_OK)]) !== undefined,
  );

function obstacle(kept: readonly string[] | undefined): string {
  const where = kept === undefined ? '' : ` below /${kept.join('/')}, whose limits it must keep`;
  const why =
    process.getuid?.() === 0
      ? 'the cgroups are read-only here'
      : 'run as root, or as a user that a cgroup is delegated to';
  return `this process may not make a cgroup${where}: ${why}`;
}

/** Makes it if it is not there. Throws if it cannot. @returns its directory */
export function makeSite({ mount, names }: Site): string {
  const directory = join(mount.point, ...names);
  // Another process may remove the empty slice in between.
  for (let attempt = 0; attempt < 3; attempt += 1) {
    if (ifPossible(() => [mkdirSync(directory, { recursive: true })])) return directory;
  }
  mkdirSync(directory, { recursive: true });
  return directory;
}
