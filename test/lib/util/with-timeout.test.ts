import { describe, expect, it, vi } from 'vitest';
import { withTimeout } from '../../../lib/util/with-timeout.js';

const LONG = 60_000;
const never = new Promise<never>(() => undefined);

describe('waiting with a timeout', () => {
  it('gives what the work gives', async () => {
    expect(await withTimeout(Promise.resolve(7), LONG, () => 'late')).toBe(7);
    await expect(withTimeout(Promise.reject(new Error('no')), LONG, () => 'late')).rejects.toThrow('no');
  });

  it('gives what the timeout says once time is over', async () => {
    expect(await withTimeout(never, 1, () => 'late')).toBe('late');
    const late = withTimeout(never, 1, () => {
      throw new Error('no answer');
    });
    await expect(late).rejects.toThrow('no answer');
  });

  it('does not let work that fails for the timeout speak for itself', async () => {
    const controller = new AbortController();
    const work = new Promise<string>((_, reject) => {
      controller.signal.addEventListener('abort', () => reject(new Error('aborted')));
    });
    const answer = withTimeout(
      work.catch(() => 'failed'),
      1,
      () => {
        controller.abort();
        return 'late';
      },
    );
    expect(await answer).toBe('late');
  });

  it('ignores work that fails later', async () => {
    let fail = (_: Error): void => undefined;
    const work = new Promise<void>((_, reject) => {
      fail = reject;
    });
    expect(await withTimeout(work, 1, () => 'late')).toBe('late');
    fail(new Error('too late'));
  });

  it('keeps no timer once the work has ended', async () => {
    vi.useFakeTimers();
    try {
      await withTimeout(Promise.resolve(), LONG, () => 'late');
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});
