import { describe, expect, it } from 'vitest';
import type { Core } from '../../../lib/ports/core.js';
import { enforceTombstones } from '../../../lib/reconcile/enforce.js';
import { createInFlight } from '../../../lib/stop/in-flight.js';
import { type FakeCore as Bed, byLabel, fakeCore } from '../../fakes/core.js';
import { killedOne, told } from './enforce-bench.js';

describe('a look at the records', () => {
  const sweep = (bed: Bed, core: Core = bed.core) =>
    enforceTombstones(core, createInFlight(core), () => false);

  it('marks killed again what was written over, although nothing of it runs, and reports it', async () => {
    const bed = fakeCore();
    await killedOne(bed);
    await killedOne(bed, 'a2');
    bed.store.seedForeign('a1', '{"status":"spawning"}');
    await sweep(bed);
    expect(await bed.record('a1')).toMatchObject({ status: 'killed', kill: { operationId: 'own-1' } });
    expect(told(bed, 'RESURRECTION')).toMatchObject([{ agentId: 'a1', statusBefore: 'spawning' }]);
    expect(bed.store.memory.active.has('a1')).toBe(false);
  });

  it('by two nodes reports it once', async () => {
    const bed = fakeCore();
    await killedOne(bed);
    bed.store.seedForeign('a1', '{"status":"running"}');
    await Promise.all([sweep(bed), sweep(bed, { ...bed.core })]);
    expect(told(bed, 'RESURRECTION')).toHaveLength(1);
  });

  it('leaves those that run as they may, those that ended, and those that cannot be read', async () => {
    const bed = fakeCore();
    await bed.agent('a1');
    for (const agentId of ['a2', 'a3']) await killedOne(bed, agentId);
    bed.store.seedForeign('a2', '?');
    bed.store.seedForeign('a3', '{"status":"completed"}');
    const before = structuredClone(bed.store.memory);
    await sweep(bed);
    expect(bed.store.memory).toEqual(before);
  });

  it('leaves what is worked on already', async () => {
    const bed = fakeCore();
    await killedOne(bed);
    bed.store.seedForeign('a1', '{"status":"running"}');
    bed.containers.inject('kill', 'late');
    const inFlight = createInFlight(bed.core);
    const one = inFlight.run(byLabel('a1'));
    await enforceTombstones(bed.core, inFlight, () => false);
    expect(await bed.record('a1')).toMatchObject({ status: 'running' });
    bed.containers.release();
    await one.done;
  });

  it('goes on past what ends by itself in between', async () => {
    const bed = fakeCore();
    for (const agentId of ['a1', 'a2']) {
      await killedOne(bed, agentId);
      bed.store.seedForeign(agentId, '{"status":"running"}');
    }
    const { records } = bed.core;
    const commit: typeof records.commit = async steps => {
      if (steps[0]?.document.id === 'a1') bed.store.seedForeign('a1', '{"status":"completed"}');
      return records.commit(steps);
    };
    await sweep(bed, { ...bed.core, records: { ...records, commit } });
    expect(told(bed, 'RESURRECTION')).toMatchObject([{ agentId: 'a2' }]);
  });
});
