import { describe, expect, it } from 'vitest';
import { emptyMemory, fakeRecords, type Memory } from '../fakes/records.js';
import { agent, change, collect, LATCH } from './records/harness.js';
import { type RecordsUnderTest, recordsConformance } from './records.js';

function open(memory: Memory, clock: { now: number }): RecordsUnderTest {
  return {
    ...fakeRecords({ memory, now: () => clock.now }),
    reopen: async () => open(memory, clock),
    advance: milliseconds => {
      clock.now += milliseconds;
    },
  };
}

recordsConformance('the fake', async () => open(emptyMemory(), { now: Date.UTC(2026, 0, 1) }));

describe('the faults of the fake', () => {
  const unavailable = { code: 'store_unavailable' };
  const create = change('a', null, '1');

  it('fail as often as told, having done nothing', async () => {
    const { records, faults } = fakeRecords();
    faults.fail('commit', { times: 1 });
    await expect(records.commit([create])).rejects.toMatchObject(unavailable);
    expect(await records.commit([create])).toEqual(['committed']);
    faults.fail('scan', { error: new Error('other') });
    await expect(collect(records.scan('all'))).rejects.toThrow('other');
    await expect(collect(records.scan('all'))).rejects.toThrow('other');
    faults.heal('scan');
    expect((await collect(records.scan('all'))).flat()).toHaveLength(1);
  });

  it('hang, having done nothing', async () => {
    const { records, faults } = fakeRecords();
    faults.hang('commit');
    const hanging = records.commit([create]);
    faults.heal();
    expect(await Promise.race([hanging, records.read([agent('a')])])).toEqual([null]);
  });

  it('come late: the work is done only then', async () => {
    const { records, faults } = fakeRecords();
    let resolve = () => {};
    const promise = new Promise<void>(done => {
      resolve = done;
    });
    faults.late('commit', promise);
    const late = records.commit([create]);
    expect(await records.read([agent('a')])).toEqual([null]);
    resolve();
    expect(await late).toEqual(['committed']);
  });

  it('duplicate: the second answer counts', async () => {
    const { records, faults } = fakeRecords();
    faults.duplicate('commit');
    expect(await records.commit([create])).toEqual(['conflict']);
    expect(await records.read([agent('a')])).toEqual(['1']);
  });

  it('lie, and can lose the answer to what was done', async () => {
    const { records, faults } = fakeRecords();
    faults.lie('read', () => ['engaged']);
    expect(await records.read([LATCH])).toEqual(['engaged']);
    faults.lie('commit', truth => {
      truth();
      throw new Error('lost');
    });
    await expect(records.commit([create])).rejects.toThrow('lost');
    faults.heal();
    expect(await records.read([agent('a')])).toEqual(['1']);
  });
});
