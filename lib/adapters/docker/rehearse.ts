import type { KillOptions, Target } from '../../ports/sandbox.js';
import { toContainerId } from './container-id.js';
import { createKiller, type KillerOptions } from './kill.js';
import { createKillPriority } from './kills-first.js';
import { createMap } from './map.js';
import type { Seen } from './seen.js';

/** Rehearses a kill of the container that the target names. Does not reject, unless no stand-in can be made. */
export type Rehearse = (target: Target, options: KillOptions) => Promise<Seen>;

/**
 * Goes the way of a kill by the kernel alone, with a map of its own, in which no scan looks, and a stand-in for the
 * cgroup. `undefined` where there is no such way.
 */
export function createRehearsal(
  options: Omit<KillerOptions, 'map' | 'isLive' | 'first'>,
): Rehearse | undefined {
  const { kernel } = options;
  if (kernel.rehearse === undefined) return undefined;
  const ignore = (): void => undefined;
  const label = 'rehearsal';
  const map = createMap({ label, onForget: ignore, onChange: ignore });
  const { first } = createKillPriority();
  const kill = createKiller({ ...options, map, first, isLive: () => true });
  return async (target, bounds) => {
    const id = toContainerId(target.id ?? '');
    if (id === undefined) return { outcome: 'notFound' };
    const end = kernel.rehearse?.(id) ?? ignore;
    const container = map.meet({ id, state: 'running', labels: { [label]: target.agentId } });
    try {
      // As it is known of most: nothing would start it again, and nothing of it can live on outside of its cgroup.
      Object.assign(container ?? {}, { restarts: false, confined: true });
      return await kill(target, bounds);
    } finally {
      end();
    }
  };
}
