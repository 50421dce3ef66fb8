import { describe, expect, it, vi } from 'vitest';
import { createTeardown, type Left } from '../../functions/server/teardown.js';

describe('a teardown', () => {
  it('ends everything, the last one first, and one after another', async () => {
    const teardown = createTeardown();
    const order: string[] = [];
    teardown.add('store', () => order.push('store'));
    teardown.add('port', async () => {
      await Promise.resolve();
      order.push('port');
    });
    expect(await teardown.run()).toEqual([]);
    expect(order).toEqual(['port', 'store']);
  });

  it('ends the others where one rejects or throws, and says which', async () => {
    const teardown = createTeardown();
    const [rejected, thrown] = [new Error('rejected'), new Error('thrown')];
    const end = vi.fn();
    teardown.add('store', end);
    teardown.add('engine', () => Promise.reject(rejected));
    teardown.add('timer', () => {
      throw thrown;
    });
    const told: Left[] = [];
    const left = await teardown.run(undefined, one => void told.push(one));
    expect(left).toEqual([
      { name: 'timer', error: thrown },
      { name: 'engine', error: rejected },
    ]);
    expect(told).toEqual(left);
    expect(end).toHaveBeenCalledOnce();
  });

  it('does not wait longer than it was said, and begins to end what is left all the same', async () => {
    vi.useFakeTimers();
    try {
      const teardown = createTeardown();
      const end = vi.fn(() => new Promise(() => undefined));
      teardown.add('store', end);
      teardown.add('kills', () => new Promise((_, reject) => void setTimeout(reject, 2_000)));
      teardown.add('port', () => undefined);
      const left = teardown.run(1_000);
      await vi.advanceTimersByTimeAsync(999);
      expect(end).not.toHaveBeenCalled();
      await vi.advanceTimersByTimeAsync(1);
      expect(await left).toEqual([{ name: 'kills' }, { name: 'store' }]);
      expect(end).toHaveBeenCalledOnce();
      await vi.advanceTimersByTimeAsync(2_000);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it('runs what was registered only once', async () => {
    const teardown = createTeardown();
    const end = vi.fn();
    teardown.add('store', end);
    await Promise.all([teardown.run(), teardown.run()]);
    expect(end).toHaveBeenCalledOnce();
  });
});
