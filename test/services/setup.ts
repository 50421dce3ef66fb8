import { basename } from 'node:path';
import type { TestProject } from 'vitest/node';
import { findBinaries, type Need } from './binaries.js';
import { RUN_MARK } from './context.js';
import { type EngineService, startEngine } from './dockerd.js';
import { externalEngine, externalRedis } from './external.js';
import { makeRunFolder, staleRunFolders } from './folder.js';
import { importImage, layOutImage } from './image.js';
import { onEnd } from './on-end.js';
import { reap } from './reap.js';
import { startRedis } from './redis.js';
import type { Service } from './service.js';
import { buildStoreThread } from './store-thread.js';

type Providing = Pick<TestProject, 'provide'>;

/** Gives the tests a real engine, store and image; whatever it starts, it stops. */
export default async function setup(project: Providing): Promise<() => Promise<void>> {
  for (const folder of staleRunFolders()) reap(folder);
  const folder = makeRunFolder();
  buildStoreThread();
  // Workers inherit it, and so does what tests start.
  process.env[RUN_MARK] = basename(folder);
  process.env['KILLSWITCH_CONFIG'] = '/dev/null';
  const services: Service[] = [];
  const release = onEnd(() => reap(folder));
  const stop = async (): Promise<void> => {
    await Promise.allSettled(services.map(service => service.stop()));
    release();
    reap(folder, { spareWorkers: true });
  };
  try {
    await start(project, folder, services);
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}

async function start(project: Providing, folder: string, services: Service[]): Promise<void> {
  const { DOCKER_HOST: dockerHost, KILLSWITCH_TEST_REDIS: redisUrl } = process.env;
  const needs: Need[] = [
    ...(['busybox', 'git', 'ip', 'curl', 'alertmanager', 'promtool'] as const),
    ...(['tmux', 'bindfs', 'setpriv', 'systemd'] as const),
  ];
  if (!dockerHost) needs.push('dockerd', 'containerd');
  if (!redisUrl) needs.push('redis');
  const binaries = findBinaries(needs);
  if (!dockerHost && process.getuid?.() !== 0) {
    throw new Error(
      'The tests need root to start an engine of their own, or DOCKER_HOST to name a running one.',
    );
  }
  const root = layOutImage(binaries.busybox, folder);
  const starting = {
    engine: dockerHost ? externalEngine(dockerHost) : startEngine(binaries.dockerd, folder),
    redis: redisUrl ? externalRedis(redisUrl) : startRedis(binaries.redis, folder),
  };
  // Both have come up or failed before anything goes on, so that neither comes up after a clean-up.
  for (const result of await Promise.allSettled(Object.values(starting))) {
    if (result.status === 'fulfilled') services.push(result.value);
  }
  const [engine, redis] = [await starting.engine, await starting.redis];
  // On an engine that is not ours, a name that is nobody else's.
  const image = dockerHost ? 'killswitch-test-agent:latest' : 'agent:latest';
  await importImage(engine.url, root, image);

  project.provide('runFolder', folder);
  project.provide('dockerHost', engine.url);
  project.provide('redisUrl', redis.url);
  project.provide('agentImage', image);
  project.provide('dockerdPid', engine.pid);
  project.provide('containerdPid', (engine as Partial<EngineService>).containerdPid ?? null);
  project.provide('redisPid', redis.pid);
}
