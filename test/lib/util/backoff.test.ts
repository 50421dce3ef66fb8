import { describe, expect, it } from 'vitest';
import { backoff, retryDelay } from '../../../lib/util/backoff.js';

it('doubles the pause after each failure, up to the longest', () => {
  const pauses = [0, 1, 2, 3, 4, 2_000].map(failures => backoff(failures, { firstMs: 50, longestMs: 500 }));
  expect(pauses).toEqual([50, 100, 200, 400, 500, 500]);
});

describe('the time until the next attempt', () => {
  it('doubles from a second to a minute, with some jitter', () => {
    for (const [attempts, middle] of [
      [0, 1_000],
      [1, 2_000],
      [5, 32_000],
      [6, 60_000],
      [5_000, 60_000],
    ] as const) {
      const delay = retryDelay(attempts);
      expect(delay).toBeGreaterThanOrEqual(middle * 0.75);
      expect(delay).toBeLessThanOrEqual(middle * 1.25);
    }
    expect(new Set(Array.from({ length: 20 }, () => retryDelay(3))).size).toBeGreaterThan(1);
  });
});
