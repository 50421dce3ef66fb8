import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import Database from 'libsql';
import { inject } from '../../services/context.js';
import { afterFile } from '../../services/registry.js';
import type { Bench, Measurement } from '../bench.js';
import { alternate, figure, now, timed } from '../measure.js';
import type { Probed, Probing } from '../prober.js';
import { bare, clear, fillEmbedded, fillForeign, fillValkey } from '../records.js';
import type { Result } from '../result.js';
import { startServer } from '../server.js';
import { LONGEST, watchCommands } from '../slowlog.js';
import { quantile } from '../statistics.js';

const FOREIGN = 1_000_000;
const named = (records: number): string => `${records.toLocaleString('en')} records`;
export const markedOf = (records: number): string =>
  `kill-all over ${named(records)} on Valkey, all marked killed`;
export const loadOf = (records: number): string => `kill-all over ${named(records)} on Valkey, what it takes`;
export const AMONG = `kill-all over ${named(100_000)} among 1 million foreign keys, all marked killed`;
const embeddedOf = (records: number): string =>
  `kill-all over ${named(records)}, embedded, all marked killed`;

interface Seen {
  readonly marked: number;
  readonly settled: number;
  /** Of other clients. */
  readonly p99: number;
  readonly blocked: number;
  readonly peak: number;
}

async function probe(probing: Probing): Promise<{ readonly ended: Promise<Probed> }> {
  const child = fork(fileURLToPath(new URL('../prober.ts', import.meta.url)), {
    execArgv: ['--import', 'tsx'],
  });
  afterFile(() => child.kill('SIGKILL'));
  await once(child, 'message');
  const probing_ = once(child, 'message');
  child.send(probing);
  await probing_;
  const ended = once(child, 'message').then(([probed]) => {
    child.disconnect();
    return probed as Probed;
  });
  return { ended };
}

/** State alone: nothing of the agents runs anywhere. */
async function killOnValkey(redis: Redis, records: number): Promise<Seen> {
  const server = await startServer({ more: { KILLSWITCH_SANDBOX: 'none' } });
  const prefix = server.environment['KILLSWITCH_KEY_PREFIX'] ?? '';
  await fillValkey(redis, prefix, records);
  const longest = await watchCommands(redis);
  const own = `${prefix}killswitch:`;
  const { ended } = await probe({
    url: inject('redisUrl'),
    tombstones: `${own}tombstones`,
    audit: `${own}audit`,
    records,
  });
  server.forgetPeak();
  const asked = now();
  const [{ markedAt, settledAt, reads }] = await Promise.all([
    ended,
    server.ask('POST', '/agents/kill-all', {}),
  ]);
  if (!(markedAt > asked && settledAt > asked))
    throw new Error('The records were not all marked and settled.');
  const [blocked, { peak }] = [await longest(), server.memory()];
  await server.end();
  await clear(redis, `${prefix}*`);
  return { marked: markedAt - asked, settled: settledAt - asked, p99: quantile(reads, 0.99), blocked, peak };
}

async function onValkey(redis: Redis, records: number, title: string, bench: Bench): Promise<Result[]> {
  const all: Seen[] = [];
  const marked = {
    name: 'killswitch',
    async once() {
      const seen = await killOnValkey(redis, records);
      all.push(seen);
      return seen.marked;
    },
  };
  const series = await alternate([marked, bare(redis, records)], {
    runs: bench.runs(records > 10_000 ? 2 : 3),
    warmUps: 0,
  });
  const worst = (name: keyof Seen): number => Math.max(...all.map(seen => seen[name]));
  const figures = [
    figure('throughput', records / (quantile(series[0]?.samples ?? [], 0.5) / 1_000), '/s'),
    figure('all settled too', worst('settled'), 'ms'),
    figure(LONGEST, worst('blocked'), 'ms'),
    figure('p99 of other clients', worst('p99'), 'ms'),
    figure('peak memory', worst('peak'), 'MB'),
  ];
  const line = title === AMONG ? {} : { size: records, line: 'marking records on Valkey' };
  return [
    { measurement: 'state', title, series, ...line },
    {
      measurement: 'state',
      title: title === AMONG ? `${AMONG}, what it takes` : loadOf(records),
      series: figures,
    },
  ];
}

async function onEmbedded(records: number, bench: Bench): Promise<Result> {
  const side = {
    name: 'killswitch',
    async once() {
      const server = await startServer({ store: 'sqlite', more: { KILLSWITCH_SANDBOX: 'none' } });
      await fillEmbedded(server, records);
      const database = new Database(join(server.environment['KILLSWITCH_STATE_DIR'] ?? '', 'state.db'));
      const count = database.prepare('SELECT count(*) FROM tombstones').raw();
      const took = await timed(async () => {
        const answered = server.ask('POST', '/agents/kill-all', {}).catch(() => undefined);
        while ((count.get([]) as [number])[0] < records)
          await new Promise(resolve => setTimeout(resolve, 20));
        void answered;
      });
      database.close();
      await server.end();
      return took;
    },
  };
  const series = await alternate([side], { runs: bench.runs(1), warmUps: 0 });
  return {
    measurement: 'state',
    title: embeddedOf(records),
    series,
    size: records,
    line: 'marking records, embedded',
  };
}

export const state: Measurement = {
  name: 'state',
  about: 'kill-all over 1,000, 10,000 and 100,000 records, nothing of which runs',
  async run(bench) {
    const redis = new Redis(inject('redisUrl'));
    const results: Result[] = [];
    for (const records of [1_000, 10_000, 100_000])
      results.push(...(await onValkey(redis, records, markedOf(records), bench)));
    await fillForeign(redis, FOREIGN);
    results.push(...(await onValkey(redis, 100_000, AMONG, { ...bench, runs: () => 1 })));
    await clear(redis, 'foreign-bench:*');
    redis.disconnect();
    for (const records of [1_000, 10_000, 100_000]) results.push(await onEmbedded(records, bench));
    return results;
  },
};
