import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Enclosing, Enclosures, Pinned } from '../../ports/enclosure.js';
import type { Log } from '../../ports/runtime.js';
import { createEnclosure } from './enclosure.js';
import { type Moved, moveAll } from './enclosure-move.js';
import { searchSites } from './enclosure-search.js';
import { hierarchyOf, makeSite, type Site, siteFor } from './enclosure-site.js';
import { codeOf, ifPossible, writeControl } from './files.js';
import { pathIn } from './membership.js';
import { parseMountinfo } from './mountinfo.js';
import { below, namesOf } from './paths.js';
import { createProc } from './proc.js';

export interface EnclosuresOptions {
  /** Only cgroups mounted at or below this directory count. */
  readonly root?: string;
  /** Where proc(5) is mounted; nothing is moved unless it shows our own PID namespace. */
  readonly procRoot?: string;
  /** That agents are known by: those of a drill, which has another one, are others whatever their IDs. */
  readonly variable?: string;
  readonly log?: Log;
}

const USUAL = 'KILLSWITCH_AGENT_ID';
/** Milliseconds that a search for the cgroups of all agents counts for. */
const SEARCH_HOLDS = 2_000;
const NO_HIERARCHY = 'neither cgroup v2 nor the freezer of v1 is mounted here';
const ELSEWHERE = 'the process table is of another PID namespace';

/** One that was made just now has nothing in it yet. Milliseconds. */
const YOUNG = 60_000;
const isOld = ({ mount, names }: Site): boolean => {
  const made = ifPossible(() => statSync(join(mount.point, ...names)).ctimeMs);
  return made !== undefined && made < Date.now() - YOUNG;
};

/** Why a cgroup could not be made or entered, in words that may be shown. */
function whyNot(error: unknown): string {
  switch (codeOf(error)) {
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return 'this process may not make or enter the cgroup of the agent: run as root';
    case 'EOPNOTSUPP':
    case 'EBUSY':
      return 'the cgroup that it came from takes no other below it';
    default:
      return `the cgroup of the agent could not be entered (${String(codeOf(error))})`;
  }
}

/** @see Enclosures */
export function createEnclosures({
  root = '/sys/fs/cgroup',
  procRoot = '/proc',
  variable = USUAL,
  log,
}: EnclosuresOptions = {}): Enclosures {
  const space = variable === USUAL ? '' : variable;
  const proc = createProc(procRoot);
  const mountinfo = ifPossible(() => readFileSync(`${procRoot}/self/mountinfo`, 'utf8')) ?? '';
  const mount = hierarchyOf(parseMountinfo(mountinfo, root));
  const unusable = mount === undefined ? NO_HIERARCHY : proc.self !== process.pid ? ELSEWHERE : undefined;
  const sites = new Map<string, Site>();
  let searchedAt = Number.NEGATIVE_INFINITY;

  const exists = (site: Site): boolean =>
    ifPossible(() => statSync(join(site.mount.point, ...site.names)).isDirectory()) === true;
  const search = (): void => {
    if (mount === undefined || performance.now() - searchedAt < SEARCH_HOLDS) return;
    for (const [agentId, site] of searchSites(mount, space).own) sites.set(agentId, site);
    searchedAt = performance.now();
  };
  const known = (agentId: string): Site | undefined => {
    const site = sites.get(agentId);
    if (site !== undefined && exists(site)) return site;
    sites.delete(agentId);
    return undefined;
  };

  /** Where the agent's cgroup is, or is to be. */
  const place = (agentId: string, processes: readonly Pinned[]): Site | string => {
    if (mount === undefined || unusable !== undefined) return unusable ?? NO_HIERARCHY;
    search();
    const before = known(agentId);
    if (before !== undefined) return before;
    const reasons = new Set<string>();
    for (const { pid } of processes) {
      const memberships = proc.membershipsOf(pid);
      const site = memberships && siteFor(mount, memberships, agentId, space);
      if (typeof site === 'object') return site;
      if (site !== undefined) reasons.add(site);
    }
    return [...reasons][0] ?? 'it has no process here';
  };
  const pathOf = ({ mount: { root: top }, names }: Site): string =>
    `/${[...namesOf(top), ...names].join('/')}`;

  return {
    async enclose(agentId, processes): Promise<Enclosing> {
      const site = place(agentId, processes);
      if (typeof site === 'string') return { enclosed: false, why: site };
      let result: Moved;
      try {
        result = await moveAll({ proc, procRoot }, makeSite(site), processes);
      } catch (err) {
        log?.warn({ err, agentId }, 'the cgroup of an agent cannot be made');
        return { enclosed: false, why: whyNot(err) };
      }
      const enclosure = createEnclosure(proc, site);
      if (enclosure.members().length === 0) {
        enclosure.remove();
        const why = result.why === undefined ? 'it has no process here' : whyNot(result.why);
        return { enclosed: false, why };
      }
      sites.set(agentId, site);
      return { enclosed: true, place: enclosure.place, moved: result.moved, outside: result.outside };
    },

    spawnInside<T>(agentId: string, spawn: () => T): { born: T; enclosing: Enclosing } {
      const outside = (why: string): { born: T; enclosing: Enclosing } => ({
        born: spawn(),
        enclosing: { enclosed: false, why },
      });
      const site = place(agentId, [{ pid: process.pid }]);
      if (typeof site === 'string') return outside(site);
      const path = pathIn(site.mount, proc.membershipsOf(process.pid) ?? []);
      const home = path === undefined ? undefined : below(site.mount.root, path);
      if (home === undefined) return outside('its cgroup lies outside of those mounted here');
      const enter = (names: readonly string[]): void =>
        writeControl(join(site.mount.point, ...names, 'cgroup.procs'), String(process.pid));
      try {
        makeSite(site);
        // An empty one may be removed by another process of ours in between.
        if (!ifPossible(() => [enter(site.names)])) {
          makeSite(site);
          enter(site.names);
        }
      } catch (err) {
        createEnclosure(proc, site).remove();
        return outside(whyNot(err));
      }
      try {
        const enclosing: Enclosing = { enclosed: true, place: pathOf(site), moved: 0, outside: [] };
        return { born: spawn(), enclosing };
      } finally {
        enter(home);
        sites.set(agentId, site);
      }
    },

    find(agentId) {
      if (unusable !== undefined) return undefined;
      if (known(agentId) === undefined) search();
      const site = known(agentId);
      return site && createEnclosure(proc, site);
    },

    agentIds() {
      search();
      return [...sites.keys()].filter(agentId => known(agentId) !== undefined);
    },

    tidy({ all = false } = {}) {
      if (mount === undefined || unusable !== undefined) return;
      const found = searchSites(mount, space);
      const old = found.all.filter(isOld);
      for (const site of all ? [...found.own.values(), ...old] : old) {
        const enclosure = createEnclosure(proc, site);
        if (enclosure.isEmpty()) enclosure.remove();
      }
    },

    async probe() {
      const whyMine = unusable ?? siteOfSelf();
      const ok = whyMine === undefined;
      const detail =
        whyMine ?? `agents get a cgroup of their own by ${mount?.version === 2 ? 'v2' : 'the freezer of v1'}`;
      return { name: 'enclosing', ok, detail, ...(ok ? {} : { aside: true as const }) };
    },
  };

  /** Why an agent that came from the same cgroup as this process could not be enclosed. */
  function siteOfSelf(): string | undefined {
    const site = mount && siteFor(mount, proc.membershipsOf(process.pid) ?? [], 'probe', space);
    return typeof site === 'string' ? site : undefined;
  }
}
