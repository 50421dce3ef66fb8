import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as endOfTick } from 'node:timers/promises';
import { ifPossible } from './files.js';
import { guardOf } from './guard.js';
import type { Host, Located } from './locate.js';
import type { CgroupMount } from './mountinfo.js';
import { idInName } from './named.js';
import { namesOf } from './paths.js';
import { type Place, useOf } from './place.js';

/** Where the usual engines put their containers, so that the tree need not be searched for those. */
const USUAL: readonly ((id: string) => readonly string[])[] = [
  id => ['docker', id],
  id => ['system.slice', `docker-${id}.scope`],
  id => ['machine.slice', `libpod-${id}.scope`],
  id => ['libpod_parent', `libpod-${id}`],
  id => ['system.slice', `nerdctl-${id}.scope`],
];

/** Bounds of one search: directories looked at in one hierarchy, and milliseconds before others get their turn. */
const MOST = 100_000;
const SLICE_MS = 4;
/** Links to a directory with nothing below it. File systems that count otherwise say 1. */
const LEAF = 2;

interface Match {
  readonly names: readonly string[];
  /** Those owned by root are the engine's; a user with a delegated subtree can make a cgroup of any name in it. */
  readonly owner: number;
}

/**
 * Finds the cgroups that are named after these containers' full IDs, in every hierarchy that counts: an ID is random,
 * so that the name is the proof. Lets others have their turn in between.
 */
export async function find(host: Host, ids: ReadonlySet<string>): Promise<ReadonlyMap<string, Located>> {
  const places = new Map<string, Place[]>();
  const whyNot = new Map<string, string>();
  const guard = guardOf(host.proc, host.proc.untouchable());
  const elsewhere = new Map<string, readonly (readonly string[])[]>();
  const take = (mount: CgroupMount, id: string, names: readonly string[]): void => {
    const directory = join(mount.point, ...names);
    const path = `/${[...namesOf(mount.root), ...names].join('/')}`;
    const use = guard(mount, path)
      ? 'the cgroup also holds this service or what started it'
      : useOf(mount, directory, host.proc);
    if (typeof use === 'string') whyNot.set(id, use);
    else places.set(id, [...(places.get(id) ?? []), { mount, path, directory, use }]);
  };

  for (const mount of searched(host.mounts)) {
    const left = new Set<string>();
    for (const id of ids) {
      // An engine uses the same place in all hierarchies.
      const likely = [...(elsewhere.get(id) ?? []), ...USUAL.map(usual => usual(id))];
      const names = likely.find(parts => isDirectory(join(mount.point, ...parts)));
      if (names !== undefined) take(mount, id, names);
      else if (!elsewhere.has(id)) left.add(id);
    }
    if (left.size === 0) continue;
    for (const [id, { names }] of await search(mount.point, left)) {
      elsewhere.set(id, [names]);
      take(mount, id, names);
    }
  }
  return new Map(
    [...ids].flatMap(id => {
      const [found, why] = [places.get(id), whyNot.get(id)];
      if (found === undefined && why === undefined) return [];
      return [[id, { places: found ?? [], ...(why !== undefined && { why }) }] as const];
    }),
  );
}

/** Version 2, and of version 1 the freezer or else the first: no other is used for a kill. */
function searched(mounts: readonly CgroupMount[]): readonly CgroupMount[] {
  const [old] = mounts.filter(({ version }) => version === 1);
  return [...mounts.filter(({ version }) => version === 2).slice(0, 1), ...(old ? [old] : [])];
}

/** Breadth first, so that what lies further up comes first; not below another container, whose engine is not ours. */
async function search(point: string, ids: ReadonlySet<string>): Promise<ReadonlyMap<string, Match>> {
  const found = new Map<string, Match>();
  const next: (readonly string[])[] = [[]];
  let begun = performance.now();
  // A queue that is read by its index: to shift 10,000 of them is slow.
  for (let looked = 0; looked < MOST; looked += 1) {
    const names = next[looked];
    if (names === undefined) break;
    if (performance.now() - begun > SLICE_MS) {
      await endOfTick();
      begun = performance.now();
    }
    for (const name of childrenOf(join(point, ...names))) {
      const id = idInName(name);
      if (id === undefined) next.push([...names, name]);
      else if (ids.has(id)) {
        const match = { names: [...names, name], owner: ownerOf(join(point, ...names, name)) };
        const before = found.get(id);
        if (before === undefined || (before.owner !== 0 && match.owner === 0)) found.set(id, match);
      }
    }
  }
  return found;
}

function childrenOf(directory: string): readonly string[] {
  const links = ifPossible(() => statSync(directory).nlink);
  if (links === undefined || links === LEAF) return [];
  const entries = ifPossible(() => readdirSync(directory, { withFileTypes: true })) ?? [];
  return entries.filter(entry => entry.isDirectory()).map(({ name }) => name);
}

const isDirectory = (path: string): boolean => ifPossible(() => statSync(path).isDirectory()) ?? false;
const ownerOf = (directory: string): number => ifPossible(() => statSync(directory).uid) ?? -1;
