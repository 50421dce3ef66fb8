import { Redis } from 'ioredis';
import { engineAt } from './engine.js';
import type { Service } from './service.js';

const nothing = async (): Promise<void> => undefined;

/** The engine that `DOCKER_HOST` names, once it has answered. */
export async function externalEngine(url: string): Promise<Service> {
  await engineAt(url)
    .listContainers({ limit: 1, abortSignal: AbortSignal.timeout(5_000) })
    .catch((cause: unknown) => {
      throw new Error(`DOCKER_HOST names ${url}, where no engine answers.`, { cause });
    });
  return { url, pid: null, stop: nothing };
}

/** The store that `KILLSWITCH_TEST_REDIS` names, once it has answered. */
export async function externalRedis(url: string): Promise<Service> {
  const redis = new Redis(url, { lazyConnect: true, connectTimeout: 5_000, retryStrategy: () => null });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    await redis.ping();
  } catch (cause) {
    throw new Error('KILLSWITCH_TEST_REDIS names a store that does not answer.', { cause });
  } finally {
    redis.disconnect();
  }
  return { url, pid: null, stop: nothing };
}
