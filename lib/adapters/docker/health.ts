import type { Kernel } from '../../ports/kernel.js';
import type { Health } from '../../ports/runtime.js';
import type { ContainerMap } from './map.js';
import { seenOf } from './seen.js';

export interface ProbeOptions {
  /** A cheap call. Rejects if the engine is unwell. */
  readonly ask: () => Promise<unknown>;
  readonly isLive: () => boolean;
  readonly map: ContainerMap;
  readonly kernel: Kernel | undefined;
}

/** Milliseconds after the start in which the event stream may still be opened. */
const STARTING = 5_000;

/**
 * Whether the engine answers, whether the map is up to date, and of how many containers the kernel can do without. With
 * the engine alone everything can be stopped as long as it answers, and later: that is reported, and does not take this
 * node out of service.
 */
export function createProbe({ ask, isLive, map, kernel }: ProbeOptions): () => Promise<Health> {
  const opened = performance.now();
  return async () => {
    const failure = await ask().then(
      () => undefined,
      (error: unknown) => seenOf(error).detail,
    );
    const live = isLive();
    const reach = await reachOf(map, kernel);
    const stream = `event stream ${live ? 'live' : 'broken off'}`;
    const detail = [failure, stream, reach.detail].filter(Boolean).join('; ');
    if (failure !== undefined) return { name: 'docker', ok: false, detail };
    const isStarting = performance.now() < opened + STARTING;
    const isWhole = (live || isStarting) && reach.isWhole;
    return { name: 'docker', ok: isWhole, detail, ...(isWhole ? {} : { aside: true as const }) };
  };
}

interface Reach {
  readonly isWhole: boolean;
  readonly detail: string;
}

async function reachOf(map: ContainerMap, kernel: Kernel | undefined): Promise<Reach> {
  if (kernel === undefined) {
    return { isWhole: false, detail: 'kernel path: none, stops by the engine alone' };
  }
  const running = map.all().filter(({ state }) => state === 'running' || state === 'paused');
  const unknown = running.filter(({ id }) => !kernel.reaches(id));
  // A container that was started just now is inspected in a moment.
  const isWhole = unknown.every(({ restarts }) => restarts === undefined);
  const { ok, detail } = await kernel.probe();
  const known = running.length - unknown.length;
  const reach = `kernel path reaches ${known} of ${running.length} running containers`;
  return { isWhole: isWhole && ok, detail: detail === undefined ? reach : `${reach} (${detail})` };
}
