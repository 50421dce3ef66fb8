import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, expect, inject, it } from 'vitest';
import { openValkey } from '../../lib/adapters/valkey/index.js';
import { keyspace } from '../../lib/adapters/valkey/keys.js';
import { entry } from './records/harness.js';
import { type RecordsUnderTest, recordsConformance } from './records.js';

const run = `conformance-${randomUUID()}`;
const others = new Redis(inject('redisUrl'));
let count = 0;

afterAll(async () => {
  for await (const keys of others.scanStream({ match: `*${run}*`, count: 1000 })) {
    if (keys.length > 0) await others.unlink(keys);
  }
  await others.quit();
});

function open(keyPrefix: string): RecordsUnderTest {
  const { records, audit, close } = openValkey({ url: inject('redisUrl'), keyPrefix });
  return {
    records,
    audit,
    close,
    seedForeign: async (agentId, bytes) => {
      await others.set(`${keyPrefix}agent:${agentId}`, Buffer.from(bytes));
    },
    seedOther: async document => {
      await others.hset(keyspace(keyPrefix).document(document), 'field', 'value');
    },
    reopen: async () => open(keyPrefix),
  };
}

recordsConformance('Valkey', async () => open(`${run}:${count++}:`));
recordsConformance('Valkey, with a hash tag', async () => open(`{${run}-${count++}}:`));
recordsConformance('Valkey, with a prefix that is a pattern', async () => open(`${run}[ab]*?\\-${count++}:`));

it('skips what another program wrote into the audit', async () => {
  const keyPrefix = `${run}:${count++}:`;
  const { audit, close } = openValkey({ url: inject('redisUrl'), keyPrefix });
  await others.xadd(`${keyPrefix}killswitch:audit`, '*', 'other', 'x');
  await audit.append([entry({ reason: 'ours' })]);
  const [foreign, ours] = await audit.after('', 10);
  expect(foreign).toEqual({ position: expect.any(String), bytes: expect.any(Uint8Array) });
  expect(ours).toMatchObject({ entry: { reason: 'ours' } });
  await close();
});
