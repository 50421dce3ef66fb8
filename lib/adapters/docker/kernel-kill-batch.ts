import type { Kernel } from '../../ports/kernel.js';
import type { Log } from '../../ports/runtime.js';
import type { ContainerId } from './container-id.js';

/** Kills containers through the kernel. Resolves to those that it reached; the engine is asked in any case. */
export type KernelKill = (ids: readonly ContainerId[]) => Promise<ReadonlySet<string>>;

/**
 * Collects what is asked for in one tick and kills it all at its end: the first to die keep the processors busy, and
 * whatever runs between two kills then takes many times as long.
 */
export function createKernelKill(kernel: Kernel, log: Log): KernelKill {
  let next: { readonly ids: ContainerId[]; readonly killed: Promise<ReadonlySet<string>> } | undefined;

  const killAll = (ids: readonly ContainerId[]): ReadonlySet<string> => {
    next = undefined;
    try {
      return new Set(kernel.kill(ids));
    } catch (err) {
      log.error({ err, containerIds: ids }, 'the kernel path failed');
      return new Set();
    }
  };

  return ids => {
    if (next === undefined) {
      const asked: ContainerId[] = [];
      next = { ids: asked, killed: Promise.resolve().then(() => killAll(asked)) };
    }
    next.ids.push(...ids);
    return next.killed;
  };
}
