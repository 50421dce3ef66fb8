import { expect, it } from 'vitest';
import { parseDuration } from '../../../lib/util/duration.js';

it.each([
  ['0', 0],
  ['0s', 0],
  ['45s', 45_000],
  ['30m', 1_800_000],
  ['12h', 43_200_000],
  ['7d', 604_800_000],
])('%s is %i milliseconds', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

it.each(['', '1', '1w', '-1s', '1.5h', '1s ', '1234567s', '1constructor'])('%j is not a duration', text => {
  expect(parseDuration(text)).toBeUndefined();
});
