import { describe, expect, it } from 'vitest';
import type { StoredAgent } from '../../../lib/ports/records.js';
import { agentReader, compareAndSet, MAX_ATTEMPTS } from '../../../lib/store/compare-and-set.js';
import { fakeCore } from '../../fakes/core.js';

const entry = { timestamp: 't', operation: 'TRANSITION_AGENT', phase: 'done', actor: 'alice' } as const;
const count = (stored: StoredAgent | undefined) => {
  const value = Number(stored?.raw ?? 0) + 1;
  const document = { kind: 'agent', id: 'a1' } as const;
  return { step: { document, expect: stored?.raw ?? null, next: `${value}`, audit: [entry] }, value };
};

describe('changing a record', () => {
  it('writes what was computed and logs its audit', async () => {
    const { core, log, stored } = fakeCore();
    expect(await compareAndSet(core, agentReader(core, 'a1'), count, 'counted')).toBe(1);
    expect((await stored('a1'))?.raw).toBe('1');
    expect(log.lines).toEqual([{ level: 'warn', entry, message: 'counted' }]);
  });

  it('writes nothing when there is nothing to write', async () => {
    const { core, store, log } = fakeCore();
    store.faults.fail('commit');
    expect(
      await compareAndSet(core, agentReader(core, 'a1'), () => ({ value: 'as it was' }), 'counted'),
    ).toBe('as it was');
    expect(log.lines).toEqual([]);
  });

  it('loses none of many changes at a time', async () => {
    const { core, stored, log } = fakeCore();
    const values = await Promise.all(
      Array.from({ length: 20 }, () => compareAndSet(core, agentReader(core, 'a1'), count, 'counted')),
    );
    expect([...values].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
    expect((await stored('a1'))?.raw).toBe('20');
    expect(log.lines).toHaveLength(20);
  });

  it('gives up when the record keeps changing', async () => {
    const { core, store } = fakeCore();
    let rounds = 0;
    store.faults.lie('commit', () => {
      rounds++;
      return ['conflict'];
    });
    await expect(compareAndSet(core, agentReader(core, 'a1'), count, 'counted')).rejects.toMatchObject({
      code: 'conflict',
    });
    expect(rounds).toBe(MAX_ATTEMPTS);
  });

  it('ends at once at a tombstone, at what is thrown, and without a store', async () => {
    const { core, store } = fakeCore();
    store.faults.lie('commit', () => ['tombstoned'], { times: 1 });
    await expect(compareAndSet(core, agentReader(core, 'a1'), count, 'counted')).rejects.toMatchObject({
      code: 'tombstoned',
    });
    const own = new Error('own');
    const refuse = () => {
      throw own;
    };
    await expect(compareAndSet(core, agentReader(core, 'a1'), refuse, 'counted')).rejects.toBe(own);
    store.faults.fail('agents');
    await expect(compareAndSet(core, agentReader(core, 'a1'), count, 'counted')).rejects.toMatchObject({
      code: 'store_unavailable',
    });
  });
});
