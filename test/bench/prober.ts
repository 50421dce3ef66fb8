import { Redis } from 'ioredis';
import { now } from './measure.js';

/** What another client of the store sees meanwhile, from a process of its own. */
export interface Probing {
  readonly url: string;
  readonly tombstones: string;
  readonly audit: string;
  /** How many records there are. */
  readonly records: number;
}

/** When, by the machine's clock, all were marked and settled; and how long each of its own reads took. */
export interface Probed {
  readonly markedAt: number;
  readonly settledAt: number;
  readonly reads: readonly number[];
}

/** Often enough for a p99, and seldom enough to leave the processors to those who are measured. */
const PAUSE_MS = 4;
const COUNT_EVERY = 4;
const PATIENCE_MS = 240_000;

process.on('message', (probing: Probing) => void probe(probing));
process.on('disconnect', () => process.exit());
process.send?.('ready');

async function probe({ url, tombstones, audit, records }: Probing): Promise<void> {
  const redis = new Redis(url);
  const reads: number[] = [];
  let markedAt = Number.NaN;
  let settledAt = Number.NaN;
  await redis.ping();
  process.send?.('probing');
  const deadline = now() + PATIENCE_MS;
  for (let round = 0; Number.isNaN(settledAt) && now() < deadline; round++) {
    const asked = now();
    await redis.get('killswitch:bench:other');
    reads.push(now() - asked);
    if (round % COUNT_EVERY === 0) {
      // One entry when it is accepted and one when it is settled. Asked first: what is settled is marked.
      const isSettled = (await redis.xlen(audit)) >= 2 * records;
      if (Number.isNaN(markedAt) && (await redis.hlen(tombstones)) >= records) markedAt = now();
      if (isSettled) settledAt = now();
    }
    await new Promise(resolve => setTimeout(resolve, PAUSE_MS));
  }
  redis.disconnect();
  process.send?.({ markedAt, settledAt, reads } satisfies Probed);
}
