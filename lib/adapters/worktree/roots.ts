import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import type { Health } from '../../ports/runtime.js';
import type { Liveness } from './liveness.js';
import type { Root } from './place.js';
import { isForbidden, isGone } from './verdict.js';

export interface Roots {
  /** With their real paths, as far as these can be found by now: a root may be mounted later. */
  list(): Promise<readonly Root[]>;
  health(): Promise<Health>;
}

export const NOT_SET = 'KILLSWITCH_WORKTREE_ROOTS is not set: worktrees are left alone';

/** Roots are the operator's own words, so links in them are followed, and they may be named. */
export function createRoots(
  paths: readonly string[],
  liveness: Pick<Liveness, 'realpath' | 'answers'>,
): Roots {
  const real = new Map<string, string>();
  const configured = paths.map(path => path.replace(/(?<=.)\/+$/, ''));

  async function resolve(root: string): Promise<Root> {
    try {
      const path = real.get(root) ?? (await liveness.realpath(root));
      if (path === undefined) return { configured: root };
      real.set(root, path);
      return { configured: root, real: path };
    } catch {
      return { configured: root, isSilent: true };
    }
  }

  async function fault(root: string): Promise<readonly string[]> {
    const { real: path, isSilent } = await resolve(root);
    if (isSilent || (path !== undefined && !(await liveness.answers(path))))
      return [`${root} does not answer`];
    try {
      await access(root, constants.W_OK | constants.X_OK);
      return [];
    } catch (error) {
      const why = isGone(error) ? 'does not exist' : isForbidden(error) ? 'is not writable' : 'is not usable';
      return [`${root} ${why}`];
    }
  }

  const roots: Roots = {
    list: () => Promise.all(configured.map(resolve)),
    async health() {
      if (configured.length === 0) return { name: 'worktrees', ok: true, detail: NOT_SET };
      const faults = (await Promise.all(configured.map(fault))).flat();
      return {
        name: 'worktrees',
        ok: faults.length === 0,
        ...(faults.length > 0 ? { detail: faults.join('; ') } : {}),
      };
    },
  };
  void roots.list();
  return roots;
}

/** Real paths of those that are there and answer. */
export async function answering(roots: Roots, { answers }: Pick<Liveness, 'answers'>): Promise<string[]> {
  const found: string[] = [];
  for (const { real } of await roots.list())
    if (real !== undefined && (await answers(real))) found.push(real);
  return found;
}
