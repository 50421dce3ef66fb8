import { describe, expect, it } from 'vitest';
import { register } from '../../../lib/agents/register.js';
import { createRecentKills } from '../../../lib/domain/recent-kills.js';
import { actorWith } from '../../fakes/authenticator.js';
import { type FakeCore as Bed, fakeCore } from '../../fakes/core.js';
import { killedOne, look, told } from '../reconcile/enforce-bench.js';

async function killed(): Promise<Bed> {
  const bed = fakeCore();
  await killedOne(bed);
  return bed;
}

describe('an agent whose tombstone was deleted', () => {
  it.each(['with its record', 'beside its record', 'and wrote an active record'])(
    'is stopped again where it was killed, and marked again: %s',
    async how => {
      const bed = await killed();
      const { documents, tombstones } = bed.store.memory;
      tombstones.clear();
      if (how !== 'beside its record') documents.delete('agent:a1');
      const again = bed.containers.spawn('a1');
      if (how.startsWith('and')) bed.store.seedForeign('a1', '{"agentId":"a1","status":"running"}');
      await look(bed);
      expect(await again.isRunning()).toBe(false);
      expect(told(bed, 'RESURRECTION')).toMatchObject([{ agentId: 'a1' }]);
      expect(await bed.core.records.tombstoned(['a1'])).toEqual([true]);
      expect(bed.log.lines.map(({ message }) => message)).toContain(
        'the mark that this agent was killed is gone from the store, and is laid again',
      );
    },
  );

  it('is not registered again', async () => {
    const bed = await killed();
    bed.store.memory.tombstones.clear();
    bed.store.memory.documents.delete('agent:a1');
    const again = register(bed.core, actorWith(), 'a1', { status: 'running' });
    await expect(again).rejects.toMatchObject({ code: 'tombstoned' });
  });

  it('is stopped again, where its record is no text', async () => {
    const bed = await killed();
    bed.store.memory.tombstones.clear();
    bed.store.seedForeign('a1', new Uint8Array([0xff]));
    const again = bed.containers.spawn('a1');
    await look(bed);
    expect(await again.isRunning()).toBe(false);
  });
});

it('Of agents that were killed the oldest are forgotten', () => {
  const kills = createRecentKills(2);
  for (const agentId of ['a', 'b', 'a', 'c']) kills.add(agentId);
  expect(['a', 'b', 'c'].map(kills.has)).toEqual([true, false, true]);
});
