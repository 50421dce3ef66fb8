import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createEdgeKeys } from '../../lib/adapters/jose/edge-keys.js';
import { openKeyCache } from '../../lib/adapters/jose/key-cache.js';
import { keySet, makeKey } from '../fakes/identity-provider.js';

const EVERY = 600_000;
const RETRY = 30_000;

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

test.each([
  ['on Node', openKeyCache],
  ['at the edge', createEdgeKeys],
])(
  'A key set is looked at again at the long interval, and sooner after a look that failed (%s)',
  async (_, keep) => {
    const text = keySet(await makeKey('ES256', 'first'));
    const looks: number[] = [];
    let now = 0;
    let fails = false;
    const source = {
      everyMs: EVERY,
      retryMs: RETRY,
      read: async () => {
        looks.push(now);
        if (fails) throw new Error('away');
        return text;
      },
    };
    const clock = { now: Date.now, monotonic: () => now };
    const log = { info: () => undefined, warn: vi.fn(), error: () => undefined };
    const keys = keep(source, { clock, log });
    const pass = async (steps: number): Promise<void> => {
      for (let step = 0; step < steps; step++) {
        now += RETRY;
        vi.advanceTimersByTime(RETRY);
        await keys.health();
        await new Promise(setImmediate);
      }
    };
    expect(await keys.health()).toMatchObject({ ok: true });
    await pass(EVERY / RETRY - 1);
    expect(looks).toEqual([0]);
    fails = true;
    await pass(1);
    expect(looks).toEqual([0, EVERY]);
    await pass(2);
    expect(looks).toEqual([0, EVERY, EVERY + RETRY, EVERY + 2 * RETRY]);
    expect(await keys.health()).toMatchObject({
      ok: true,
      detail: expect.stringContaining('the last refresh failed: it could not be read'),
    });
    expect(log.warn).toHaveBeenCalledWith(
      expect.objectContaining({ why: 'it could not be read' }),
      'The key set could not be loaded: the last good one is kept',
    );
    fails = false;
    await pass(1);
    const again = looks.length;
    await pass(2);
    expect(looks).toHaveLength(again);
    if ('close' in keys && typeof keys.close === 'function') keys.close();
  },
);
