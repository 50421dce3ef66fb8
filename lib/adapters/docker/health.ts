import type { Health, Kernel } from '../../ports.js';
import type { ContainerMap } from './map.js';
import { seenOf } from './seen.js';

export interface ProbeOptions {
  /** A call that says little. Rejects if the engine is unwell. */
  readonly ask: () => Promise<unknown>;
  readonly isLive: () => boolean;
  readonly map: ContainerMap;
  readonly kernel: Kernel | undefined;
}

/** Whether the engine answers, whether the map is up to date, and of how many containers the kernel can do without. */
export function openProbe({ ask, isLive, map, kernel }: ProbeOptions): () => Promise<Health> {
  return async () => {
    const failure = await ask().then(
      () => undefined,
      (error: unknown) => seenOf(error).detail,
    );
    const stream = `event stream ${isLive() ? 'live' : 'broken off'}`;
    const detail = [failure, stream, await describe(map, kernel)].filter(Boolean).join('; ');
    return { name: 'docker', ok: failure === undefined, detail };
  };
}

async function describe(map: ContainerMap, kernel: Kernel | undefined): Promise<string> {
  if (kernel === undefined) return 'no kernel path, the engine alone is used';
  const running = map.all().filter(({ state }) => state === 'running' || state === 'paused');
  const known = running.filter(({ id }) => kernel.reaches(id));
  const { detail } = await kernel.probe();
  const reach = `kernel path reaches ${known.length} of ${running.length} running containers`;
  return detail === undefined ? reach : `${reach} (${detail})`;
}
