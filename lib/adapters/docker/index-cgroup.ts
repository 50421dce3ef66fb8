import pLimit from 'p-limit';
import type { Kernel } from '../../ports/kernel.js';
import type { Log } from '../../ports/runtime.js';
import type { ContainerId } from './container-id.js';
import type { Engine } from './engine.js';
import type { ContainerMap, Known } from './map.js';

/** Inspects a container and has the kernel remember its cgroup; resolves when that is done or has failed. */
export type IndexCgroup = (container: Known) => Promise<void>;

export interface CgroupIndexerOptions {
  readonly engine: Engine;
  readonly kernel: Kernel;
  readonly map: ContainerMap;
  readonly log: Log;
}

/** How many containers are inspected at a time: after a start of this process there may be many. */
const CONCURRENCY = 8;

export function createCgroupIndexer({ engine, kernel, map, log }: CgroupIndexerOptions): IndexCgroup {
  const pool = pLimit(CONCURRENCY);
  const underWay = new Map<ContainerId, Promise<void>>();

  const inspect = async (container: Known): Promise<void> => {
    const { id, agentId } = container;
    try {
      const { pid, startedAt, restarts, confined } = await engine.inspect(id);
      Object.assign(container, { restarts, confined });
      if (pid === 0 || !map.of(agentId).includes(container)) return;
      container.startedAt = startedAt;
      kernel.remember(id, pid);
    } catch (err) {
      log.info({ err, agentId, containerId: id }, 'a container could not be inspected');
    }
  };

  return container => {
    const { id } = container;
    const indexing = underWay.get(id) ?? pool(inspect, container).finally(() => underWay.delete(id));
    underWay.set(id, indexing);
    return indexing;
  };
}
