import { expect, it } from 'vitest';
import { markUsed } from '../../../lib/store/single-use.js';
import { fakeClock } from '../../fakes/clock.js';
import { fakeRecords } from '../../fakes/records.js';

it('remembers an ID for its time', async () => {
  const clock = fakeClock();
  const { records } = fakeRecords({ now: clock.now });
  expect(await markUsed(records, 'once:1', 60)).toBe('first');
  expect(await markUsed(records, 'once:1', 60)).toBe('seen');
  expect(await markUsed(records, 'once:2', 60)).toBe('first');
  clock.advance(60_000);
  expect(await markUsed(records, 'once:1', 60)).toBe('first');
});

it('gives the ID to exactly one of many at a time', async () => {
  const { records } = fakeRecords();
  const answers = await Promise.all(Array.from({ length: 50 }, () => markUsed(records, 'once:1', 60)));
  expect(answers.filter(answer => answer === 'first')).toHaveLength(1);
});

it('says that it is unknown when the store does not answer', async () => {
  const { records, faults } = fakeRecords();
  faults.fail('commit');
  expect(await markUsed(records, 'once:1', 60)).toBe('unknown');
});
