import type { Sandboxed } from './kill.js';
import type { CgroupMount } from './mountinfo.js';
import { namesOf } from './paths.js';

const UNUSABLE = '; the engine alone is used';

export const unusable = (why: string): string => `not usable: ${why}${UNUSABLE}`;
export const isUnusable = (detail: string): boolean => detail.endsWith(UNUSABLE);

/** What there is on this machine, before any sandbox is known. */
export function describeMounts(mounts: readonly CgroupMount[]): string {
  const [first] = mounts;
  if (first === undefined) return unusable('no cgroups are mounted');
  const old = mounts.find(({ version }) => version === 1);
  if (first.version === 1) return nameOf(first);
  return old === undefined ? nameOf(first) : `hybrid: ${nameOf(first)} and ${nameOf(old)}`;
}

/** What is used for a sandbox, on such a machine. */
export function describeUse({ unified, legacy }: Sandboxed, mounts: readonly CgroupMount[]): string {
  const all = [unified, legacy].filter(place => place !== undefined);
  const places = all.filter(({ use }) => use.control !== undefined);
  if (places.length === 0) return unusable(all[0]?.use.why ?? '');
  const isHybrid = new Set(mounts.map(({ version }) => version)).size === 2;
  const used = places.map(({ mount }) => nameOf(mount)).join(' and ');
  const scoped = places.some(({ path }) => namesOf(path).some(name => /\.(scope|slice|service)$/.test(name)));
  return `${isHybrid ? 'hybrid: ' : ''}${used}, driver ${scoped ? 'systemd' : 'cgroupfs'}`;
}

function nameOf({ version, controllers }: CgroupMount): string {
  if (version === 2) return 'cgroup v2';
  return controllers.includes('freezer') ? 'cgroup v1 freezer' : 'cgroup v1 without the freezer';
}
