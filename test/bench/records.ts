import type { Redis } from 'ioredis';
import { openStoreOf } from '../services/store.js';
import type { BenchAgent } from './agents.js';
import { type Side, timed } from './measure.js';
import type { BenchServer } from './server.js';

const PIPELINE = 1_000;

const recordOf = (agentId: string): string =>
  JSON.stringify({
    agentId,
    status: 'running',
    taskId: 'bench',
    startedAt: '2026-01-01T00:00:00.000Z',
    labels: { team: 'core' },
  });

function* parts(size: number): Generator<readonly string[]> {
  for (let from = 0; from < size; from += PIPELINE)
    yield Array.from({ length: Math.min(PIPELINE, size - from) }, (_, index) => `agent-${from + index}`);
}

/** Running agents, as if they had been registered. */
export async function fillValkey(redis: Redis, prefix: string, size: number): Promise<void> {
  for (const ids of parts(size)) {
    await redis.mset(new Map(ids.map(id => [`${prefix}agent:${id}`, recordOf(id)])));
    await redis.sadd(`${prefix}killswitch:active`, ...ids);
  }
}

export async function fillEmbedded({ environment }: BenchServer, size: number): Promise<void> {
  const { records } = await openStoreOf(environment);
  for (const ids of parts(size)) {
    await records.commit(
      ids.map(id => ({
        document: { kind: 'agent', id },
        expect: null,
        next: recordOf(id),
        active: true,
        audit: [],
      })),
    );
  }
}

/** Registers agents past the server, as another program does. */
export async function writeRecords(
  { environment }: BenchServer,
  agents: readonly BenchAgent[],
): Promise<void> {
  const { records } = await openStoreOf(environment);
  await records.commit(
    agents.map(({ agentId, container }) => ({
      document: { kind: 'agent', id: agentId },
      expect: null,
      next: JSON.stringify({ agentId, status: 'running', containerId: container.id }),
      active: true,
      audit: [],
    })),
  );
}

/** Keys of somebody else, which a scan has to go past. */
export async function fillForeign(redis: Redis, size: number): Promise<void> {
  const fill = 'for i = ARGV[1], ARGV[2] do redis.call("SET", ARGV[3] .. i, "x") end';
  for (let from = 0; from < size; from += 10 * PIPELINE)
    await redis.eval(fill, 0, from, from + 10 * PIPELINE - 1, 'foreign-bench:');
}

export async function clear(redis: Redis, pattern: string): Promise<void> {
  let cursor = '0';
  do {
    const [next, keys] = await redis.scan(cursor, 'MATCH', pattern, 'COUNT', 5 * PIPELINE);
    if (keys.length > 0) await redis.unlink(...keys);
    cursor = next;
  } while (cursor !== '0');
}

/** The least that anybody would do: read them all and write them all, in pipelines, with no guard of any kind. */
async function rewriteBare(redis: Redis, prefix: string, size: number): Promise<void> {
  for (const ids of parts(size)) {
    const keys = ids.map(id => `${prefix}agent:${id}`);
    const records = await redis.mget(keys);
    const killed = records.map(text => JSON.stringify({ ...JSON.parse(text ?? '{}'), status: 'killed' }));
    await redis.mset(new Map(keys.map((key, index) => [key, killed[index] as string])));
  }
}

export const UNGUARDED = 'read and write in pipelines, unguarded';

export const bare = (redis: Redis, size: number): Side => ({
  name: UNGUARDED,
  async once() {
    await fillValkey(redis, 'bare-bench:', size);
    const took = await timed(() => rewriteBare(redis, 'bare-bench:', size));
    await clear(redis, 'bare-bench:*');
    return took;
  },
});
