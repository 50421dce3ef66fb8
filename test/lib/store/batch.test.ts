import { describe, expect, it } from 'vitest';
import type { Records, Step } from '../../../lib/ports/records.js';
import { batchRecords } from '../../../lib/store/batch.js';

const step = (id: string): Step => ({ document: { kind: 'agent', id }, expect: null, next: '{}', audit: [] });

/** A store that notes how many came with each exchange. */
function open({ fails = 0 } = {}) {
  const sizes: number[] = [];
  let left = fails;
  const note = (size: number): void => {
    sizes.push(size);
    if (left-- > 0) throw new Error('down');
  };
  const records = {
    agents: async (ids: readonly string[]) => {
      note(ids.length);
      return ids
        .filter(id => id !== 'absent')
        .map(agentId => ({ agentId, raw: agentId, tombstoned: false }))
        .reverse();
    },
    commit: async (steps: readonly Step[]) => {
      note(steps.length);
      return steps.map(({ document }) => (document.id === 'lost' ? 'conflict' : 'committed'));
    },
  } as unknown as Records;
  return { sizes, records: batchRecords(records) };
}

const ids = (count: number): string[] => Array.from({ length: count }, (_, index) => `a${index}`);

describe('records that gather what is asked for one by one', () => {
  it('go in one exchange, and each caller gets its own answer', async () => {
    const { sizes, records } = open();
    const found = await Promise.all(['a', 'absent', 'b'].map(id => records.agents([id])));
    expect(found.map(([one]) => one?.agentId)).toEqual(['a', undefined, 'b']);
    expect(await Promise.all(['a', 'lost', 'b'].map(id => records.commit([step(id)])))).toEqual([
      ['committed'],
      ['conflict'],
      ['committed'],
    ]);
    expect(sizes).toEqual([3, 3]);
  });

  it('go a thousand at a time', async () => {
    const { sizes, records } = open();
    await Promise.all(ids(2_500).map(id => records.commit([step(id)])));
    expect(sizes).toEqual([1_000, 1_000, 500]);
  });

  it('do not wait for others: who is alone goes at once', async () => {
    const { sizes, records } = open();
    await records.commit([step('a')]);
    const first = records.commit([step('b')]);
    await undefined;
    await undefined;
    const others = ids(3).map(id => records.commit([step(id)]));
    await Promise.all([first, ...others]);
    expect(sizes).toEqual([1, 1, 3]);
  });

  it('tell all of an exchange that it failed, and go on with the next', async () => {
    const { records } = open({ fails: 1 });
    const results = await Promise.allSettled(ids(1_001).map(id => records.commit([step(id)])));
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(1_000);
    expect(results.at(-1)).toMatchObject({ status: 'fulfilled', value: ['committed'] });
  });
});
