import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { agentIn, isOurs } from './enclosure-name.js';
import type { Site } from './enclosure-site.js';
import { ifPossible } from './files.js';
import type { CgroupMount } from './mountinfo.js';
import { idInName } from './named.js';

/** Directories looked at in one search. */
const MOST = 10_000;
/** Links to a directory with nothing below it. */
const LEAF = 2;

/** What one search has found. */
export interface Found {
  /** Those of this space, by agent. */
  readonly own: ReadonlyMap<string, Site>;
  /** Those of all spaces. */
  readonly all: readonly Site[];
}

/** Every agent's cgroup in a hierarchy; not below containers, which have no business with ours. */
export function searchSites(mount: CgroupMount, space: string): Found {
  const own = new Map<string, Site>();
  const all: Site[] = [];
  const next: (readonly string[])[] = [[]];
  for (let looked = 0; looked < MOST; looked += 1) {
    const names = next[looked];
    if (names === undefined) break;
    for (const name of childrenOf(join(mount.point, ...names))) {
      const agentId = agentIn(name, space);
      const path = [...names, name];
      if (agentId !== undefined && !own.has(agentId)) own.set(agentId, { mount, names: path });
      if (isOurs(name)) all.push({ mount, names: path });
      else if (idInName(name) === undefined) next.push(path);
    }
  }
  return { own, all };
}

function childrenOf(directory: string): readonly string[] {
  const links = ifPossible(() => statSync(directory).nlink);
  if (links === undefined || links === LEAF) return [];
  const entries = ifPossible(() => readdirSync(directory, { withFileTypes: true })) ?? [];
  return entries.filter(entry => entry.isDirectory()).map(({ name }) => name);
}
