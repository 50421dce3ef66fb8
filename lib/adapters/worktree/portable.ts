import { lstatSync, realpathSync } from 'node:fs';
import { type Anchor, type Directory, join } from './directory.js';

const disguised = (): Error => Object.assign(new Error('a link, or no directory'), { code: 'ENOTDIR' });

/**
 * Elsewhere than on Linux Node has no way to act relative to an open directory. Each component is looked at, and
 * its real path must be itself; between the look and the act a live attacker could still swap it, which is why
 * the agent must be dead.
 */
export function anchorByPath(): Anchor {
  const look = (path: string): Directory => {
    const stat = lstatSync(path, { bigint: true });
    if (!stat.isDirectory() || realpathSync(path) !== path) throw disguised();
    return { access: path, path, stat };
  };
  return { open: look, enter: (parent, name) => look(join(parent.path, name)), release: () => {} };
}
