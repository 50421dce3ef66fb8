import type { Kernel } from '../../ports/kernel.js';
import type { Target } from '../../ports/sandbox.js';
import type { ContainerId } from './container-id.js';
import type { KernelKill } from './kernel-kill-batch.js';
import type { ContainerMap, Known } from './map.js';
import { isDown } from './states.js';

/** One agent's containers as the map and the kernel know them, without the engine. Nothing here throws. */
export interface KernelPath {
  /** Counts this container as the agent's as well, for this kill. */
  claim(id: ContainerId): void;
  /** Finds the cgroups of those that the kernel does not know yet. */
  find(): Promise<void>;
  /** Sends SIGKILL to all that the map knows or that was claimed, before this tick ends. */
  kill(): Promise<void>;
  /** IDs of containers whose processes may have left the cgroup and live on; also of those removed by now. */
  unconfined(): readonly string[];
  /** Whether any container is known, and among them the one that the record names. */
  covers(): boolean;
  /** Whether the last `kill` reached them all, and none of them was about to be started again. */
  isKilled(): boolean;
  /** Killed containers with a restart policy, which would start them again. */
  reviving(): readonly Known[];
  /** Whether the kernel sees them all empty, and nothing but a later start could change that. */
  isDead(): boolean;
  /** Whether the kernel can see all of them, or the engine said that they have no process. */
  isWithinReach(): boolean;
  /** Like `isDead`, with what the engine last reported where the kernel knows nothing. */
  isDeadAsFarAsKnown(): boolean;
}

export interface Ways {
  readonly kernel: Kernel;
  readonly map: ContainerMap;
  readonly killInKernel: KernelKill;
}

export function createKernelPath({ kernel, map, killInKernel }: Ways, target: Target): KernelPath {
  const { agentId, id: containerId } = target;
  /** Includes those that are removed by now. */
  const met = new Map<string, Known>();
  const killed = new Set<string>();

  let claimed: Known | undefined;
  const own = (): readonly Known[] => {
    const known = map.of(agentId);
    const containers = claimed && !known.some(({ id }) => id === claimed?.id) ? [...known, claimed] : known;
    for (const container of containers) met.set(container.id, container);
    return containers;
  };
  const isFormer = (id: string | undefined): id is string =>
    id !== undefined && !met.has(id) && map.ownerOf(id) === agentId;
  const covers = (): boolean => {
    own();
    return met.size > 0 && (containerId === undefined || met.has(containerId));
  };
  const all = (isSo: (container: Known) => boolean): boolean => covers() && own().every(isSo);
  const isEmpty = ({ id }: Known): boolean => kernel.look(id) === 'empty';
  const isIdle = ({ id, state }: Known): boolean => kernel.look(id) === 'unknown' && isDown(state);

  return {
    claim(id) {
      claimed = { id, agentId, state: 'remembered', seenTurn: 0, events: 0 };
    },
    async find() {
      const unknown = own().filter(({ id, state }) => kernel.look(id) === 'unknown' && !isDown(state));
      if (unknown.length > 0) await kernel.find(unknown.map(({ id }) => id));
    },
    async kill() {
      const containers = own();
      const reached = await killInKernel(containers.map(({ id }) => id));
      for (const { id, state } of containers) {
        if (reached.has(id) && state !== 'restarting') killed.add(id);
      }
    },
    unconfined: () => [
      ...[...met.values()].filter(({ confined }) => !confined).map(({ id }) => id),
      ...(isFormer(containerId) ? [containerId] : []),
    ],
    covers,
    isKilled: () => all(({ id }) => killed.has(id)),
    reviving: () => own().filter(({ id, restarts }) => restarts !== false && killed.has(id)),
    isDead: () =>
      all(container => isEmpty(container) && (container.state !== 'restarting' || killed.has(container.id))),
    isWithinReach: () => all(container => kernel.look(container.id) !== 'unknown' || isIdle(container)),
    isDeadAsFarAsKnown: () => all(container => isEmpty(container) || isIdle(container)),
  };
}
