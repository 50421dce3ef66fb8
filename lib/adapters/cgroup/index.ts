import { readFileSync } from 'node:fs';
import type { Kernel } from '../../ports/kernel.js';
import type { Log } from '../../ports/runtime.js';
import { ifPossible } from './files.js';
import { find } from './find.js';
import { freezeSandbox, isStill, thawSandbox } from './freeze-sandbox.js';
import { guardOf } from './guard.js';
import { describeMounts, describeUse, isUnusable, unusable } from './health.js';
import { beginKill, isEmpty, membersIn, reaches, type Sandboxed } from './kill.js';
import { type Host, type Located, locate } from './locate.js';
import { parseMountinfo } from './mountinfo.js';
import { createProc } from './proc.js';
import { identityOf, rootOf } from './root.js';
import { makeStandIn } from './stand-in.js';
import { killStrays } from './strays.js';

export interface CgroupsOptions {
  /** Only cgroups mounted at or below this directory count. */
  readonly root?: string;
  /** Where proc(5) is mounted; it must show the PID namespace of the engine, or nothing can be remembered. */
  readonly procRoot?: string;
  /** How many sandboxes are remembered; the oldest goes for a new one. */
  readonly capacity?: number;
  readonly log?: Log;
}

const never = (): boolean => false;
/** So many processes of a container are asked at most what its file system is. */
const MEMBERS = 5;

/**
 * Kills by cgroup: `cgroup.kill` of version 2, or freezer and SIGKILL of version 1, or on a hybrid machine both. What is
 * mounted is read once. A cgroup is remembered only if it is the sandbox's own, a container's by its name (its full ID), a
 * process's because it founded it; never a root cgroup, and never one with this process, its ancestors or PID 1 in it.
 */
export function createCgroups({
  root = '/sys/fs/cgroup',
  procRoot = '/proc',
  capacity = 10_000,
  log,
}: CgroupsOptions = {}): Kernel {
  const mountinfo = ifPossible(() => readFileSync(`${procRoot}/self/mountinfo`, 'utf8')) ?? '';
  const host: Host = { proc: createProc(procRoot), mounts: parseMountinfo(mountinfo, root) };
  const known = new Map<string, Sandboxed>();
  let detail = describeMounts(host.mounts);

  const store = (key: string, { places }: Located): Sandboxed | undefined => {
    const unified = places.find(({ mount }) => mount.version === 2);
    const legacy = places.find(
      ({ mount }) => mount.version === 1 && (!unified || mount.controllers.includes('freezer')),
    );
    if (!unified && !legacy) return undefined;
    const sandboxed = { ...(unified && { unified }), ...(legacy && { legacy }) };
    known.delete(key);
    known.set(key, sandboxed);
    for (const [oldest] of known) {
      if (known.size <= capacity) break;
      known.delete(oldest);
    }
    return sandboxed;
  };

  /** A stop goes on by the engine, whatever goes wrong here. */
  const orElse = <T>(fallback: T, key: string, work: () => T): T => {
    try {
      return work();
    } catch (err) {
      log?.error({ err, key }, 'the cgroup cannot be used');
      return fallback;
    }
  };

  /** What the file systems of containers are known by; not forgotten with the cgroup, for strays outlive that. */
  const roots = new Map<string, string>();
  const storeRoot = (id: string, pids: readonly number[]): void => {
    for (const pid of pids.slice(0, MEMBERS)) {
      const text = ifPossible(() => readFileSync(`${procRoot}/${pid}/mountinfo`, 'utf8'));
      const root = text === undefined ? undefined : rootOf(text, id);
      if (root === undefined || root === identityOf(mountinfo)) continue;
      roots.delete(id);
      roots.set(id, root);
      const [oldest] = roots.keys();
      if (oldest !== undefined && roots.size > capacity) roots.delete(oldest);
      return;
    }
  };

  const take = (id: string, located: Located, pid?: number): void => {
    const sandboxed = store(id, located);
    if (sandboxed) storeRoot(id, pid === undefined ? membersIn(sandboxed) : [pid]);
    if (sandboxed) detail = describeUse(sandboxed, host.mounts);
    else if (located.why !== undefined && known.size === 0) detail = unusable(located.why);
  };

  const ofAll = async (
    keys: readonly string[],
    work: (sandboxed: Sandboxed) => Promise<boolean>,
  ): Promise<readonly string[]> => {
    const done = keys.map(async key => {
      const sandboxed = known.get(key);
      return orElse(Promise.resolve(false), key, () =>
        sandboxed ? work(sandboxed) : Promise.resolve(false),
      );
    });
    const seen = await Promise.all(done);
    return keys.filter((_, index) => seen[index]);
  };

  let search: { readonly ids: Set<string>; readonly done: Promise<void> } | undefined;
  /** One search for all that is asked for in one turn. */
  const look = (ids: readonly string[]): Promise<void> => {
    if (search === undefined) {
      const asked = new Set<string>();
      const begin = async (): Promise<void> => {
        search = undefined;
        for (const [id, located] of await find(host, asked)) take(id, located);
      };
      search = { ids: asked, done: Promise.resolve().then(begin) };
    }
    for (const id of ids) search.ids.add(id);
    return search.done;
  };

  return {
    remember(id, pid) {
      orElse(undefined, id, () => take(id, locate(host, pid, { id }), pid));
    },
    async find(ids) {
      const missing = ids.filter(id => !known.has(id));
      try {
        if (missing.length > 0) await look(missing);
      } catch (err) {
        log?.error({ err, ids }, 'the cgroups cannot be searched');
      }
      return ids.filter(id => known.has(id));
    },
    rememberOwn: (key, pid, isForeign) =>
      orElse(false, key, () => {
        const sandboxed = store(key, locate(host, pid, { isForeign }));
        if (sandboxed) detail = describeUse(sandboxed, host.mounts);
        return sandboxed !== undefined;
      }),
    forget: key => void known.delete(key),
    rehearse(key) {
      const { sandboxed, remove } = makeStandIn(host.mounts);
      known.set(key, sandboxed);
      return () => {
        known.delete(key);
        remove();
      };
    },
    kill(keys) {
      const guard = guardOf(host.proc, []);
      const begun = keys.map(key => {
        const sandboxed = known.get(key);
        return { key, finish: orElse(never, key, () => (sandboxed ? beginKill(guard, sandboxed) : never)) };
      });
      return begun.filter(({ key, finish }) => orElse(false, key, finish)).map(({ key }) => key);
    },
    async sweep(ids) {
      const own = ids.flatMap(id => [[id, roots.get(id)] as const].filter(([, root]) => root !== undefined));
      try {
        return [...(await killStrays({ proc: host.proc, procRoot }, new Map(own as [string, string][])))];
      } catch (err) {
        log?.error({ err, ids }, 'it is not known what has left the cgroup');
        return ids;
      }
    },
    look(key) {
      const sandboxed = known.get(key);
      const empty = sandboxed && ifPossible(() => isEmpty(sandboxed));
      if (empty === undefined) return 'unknown';
      return empty ? 'empty' : 'populated';
    },
    reaches(key) {
      const sandboxed = known.get(key);
      return sandboxed !== undefined && reaches(sandboxed);
    },
    freeze(keys, deadline) {
      const guard = guardOf(host.proc, host.proc.untouchable());
      return ofAll(keys, sandboxed => freezeSandbox(guard, sandboxed, deadline));
    },
    thaw: (keys, deadline) => ofAll(keys, sandboxed => thawSandbox(sandboxed, deadline)),
    isFrozen(key) {
      const sandboxed = known.get(key);
      return sandboxed && ifPossible(() => isStill(sandboxed));
    },
    members(key) {
      const sandboxed = known.get(key);
      return orElse([], key, () => (sandboxed ? membersIn(sandboxed) : []));
    },
    async probe() {
      const ok = !isUnusable(detail);
      return { name: 'kernel', ok, detail, ...(ok ? {} : { aside: true as const }) };
    },
  };
}
