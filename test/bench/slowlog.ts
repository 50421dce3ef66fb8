import type { Redis } from 'ioredis';

export const LONGEST = 'longest command on the server';

/** What takes less is not logged. Microseconds. */
const FROM = 500;
const KEPT = 10_000;

/**
 * Watches how long commands take by the server's clock (SLOWLOG), which goes on while it waits for a processor.
 * @returns what gives the longest since, in milliseconds
 */
export async function watchCommands(redis: Redis): Promise<() => Promise<number>> {
  await redis.config('SET', 'slowlog-log-slower-than', FROM);
  await redis.config('SET', 'slowlog-max-len', KEPT);
  await redis.slowlog('RESET');
  return async () => {
    const entries = (await redis.slowlog('GET', KEPT)) as [number, number, number, string[]][];
    const others = entries.filter(([, , , [name]]) => name?.toLowerCase() !== 'slowlog');
    return Math.max(0, ...others.map(([, , microseconds]) => microseconds)) / 1_000;
  };
}
