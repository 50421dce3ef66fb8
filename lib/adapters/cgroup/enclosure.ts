import { rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Enclosure } from '../../ports/enclosure.js';
import { LEGACY_SLICE, SLICE } from './enclosure-name.js';
import type { Site } from './enclosure-site.js';
import { ifPossible } from './files.js';
import { beginFreeze, beginThaw, type Freezable, isFrozen, see } from './freeze.js';
import { guardOf } from './guard.js';
import { beginKill, isEmpty, membersIn, type Sandboxed } from './kill.js';
import { namesOf } from './paths.js';
import { useOf } from './place.js';
import type { Proc } from './proc.js';
import { treeOf } from './tree.js';

/** The cgroup of one agent at this site. */
export function createEnclosure(proc: Proc, { mount, names }: Site): Enclosure {
  const directory = join(mount.point, ...names);
  const path = `/${[...namesOf(mount.root), ...names].join('/')}`;
  const place: Freezable = { directory, mount };
  const sandboxed = (): Sandboxed => {
    const use = useOf(mount, directory, proc);
    const found = { mount, path, directory, use: typeof use === 'string' ? { why: use } : use };
    return mount.version === 2 ? { unified: found } : { legacy: found };
  };
  /** A service that is frozen with it could never thaw it. */
  const isGuarded = (): boolean => guardOf(proc, proc.untouchable())(mount, path);

  return {
    place: path,
    members: () => ifPossible(() => membersIn(sandboxed())) ?? [],
    async freeze(deadline) {
      if (isGuarded() || !ifPossible(() => [beginFreeze(place)])) return false;
      return see(place, true, deadline);
    },
    async thaw(deadline) {
      if (!ifPossible(() => [beginThaw(place)])) return false;
      return see(place, false, deadline);
    },
    isFrozen: () => ifPossible(() => isFrozen(place)) === true,
    kill: () => ifPossible(() => beginKill(guardOf(proc, proc.untouchable()), sandboxed())()) === true,
    isEmpty: () => ifPossible(() => isEmpty(sandboxed())) === true,
    remove() {
      for (const one of [...treeOf(directory)].reverse()) ifPossible(() => rmdirSync(one));
      const isGone = treeOf(directory).length === 0;
      const above = names.at(-2);
      // Not empty: another agent is in it.
      if (isGone && (above === SLICE || above === LEGACY_SLICE))
        ifPossible(() => rmdirSync(dirname(directory)));
      return isGone;
    },
  };
}
