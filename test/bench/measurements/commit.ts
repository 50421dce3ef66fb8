import { Redis } from 'ioredis';
import { readRecord } from '../../../lib/domain/record.js';
import type { Step } from '../../../lib/ports/records.js';
import { killStepsOf } from '../../../lib/stop/kill-step.js';
import { fakeCore, killAllOf } from '../../fakes/core.js';
import { inject } from '../../services/context.js';
import { settings } from '../../services/server.js';
import { openStoreOf, type StoreView } from '../../services/store.js';
import type { Bench, Measurement } from '../bench.js';
import { alternate, figure, type Side, timed } from '../measure.js';
import { bare, clear, fillValkey } from '../records.js';
import type { Result } from '../result.js';
import { LONGEST, watchCommands } from '../slowlog.js';

const RECORDS = 100_000;
export const COMMITTED = 'commit of 100,000 records on Valkey';
export const COMMIT_TAKES = `${COMMITTED}, what it takes`;

/** What a kill-all asks of the store for each agent: the compare-and-set, with tombstone, debt, index and audit. */
async function stepsOf({ records }: StoreView): Promise<Step[]> {
  const stepFor = killStepsOf(fakeCore().core, killAllOf());
  const steps: Step[] = [];
  for await (const page of records.scan('active')) {
    for (const stored of page) {
      const reading = readRecord(stored);
      if (reading.kind === 'agent') steps.push(stepFor(reading.agent, reading.raw).step);
    }
  }
  return steps;
}

/** By the adapter that the server has, called here: no HTTP, no reading, no log. */
async function commitAll(redis: Redis, blocked: number[]): Promise<number> {
  const environment = settings('valkey');
  const prefix = environment['KILLSWITCH_KEY_PREFIX'] ?? '';
  await fillValkey(redis, prefix, RECORDS);
  const store = await openStoreOf(environment);
  const steps = await stepsOf(store);
  const longest = await watchCommands(redis);
  const took = await timed(async () => {
    const results = await store.records.commit(steps);
    if (results.length !== RECORDS || results.some(result => result !== 'committed'))
      throw new Error('The records were not all committed.');
  });
  blocked.push(await longest());
  await clear(redis, `${prefix}*`);
  return took;
}

export const commit: Measurement = {
  name: 'commit',
  about: 'the commit of 100,000 records on Valkey, by itself',
  async run(bench: Bench): Promise<Result[]> {
    const redis = new Redis(inject('redisUrl'));
    const blocked: number[] = [];
    const ours: Side = { name: 'killswitch', once: () => commitAll(redis, blocked) };
    const series = await alternate([ours, bare(redis, RECORDS)], { runs: bench.runs(3), warmUps: 1 });
    redis.disconnect();
    const takes = [figure(LONGEST, Math.max(...blocked), 'ms')];
    return [
      { measurement: 'commit', title: COMMITTED, series },
      { measurement: 'commit', title: COMMIT_TAKES, series: takes },
    ];
  },
};
