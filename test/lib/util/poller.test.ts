import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createPoller, type Poller } from '../../../lib/util/poller.js';

let looks: number[];
let rounds: Poller | undefined;
beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
  looks = [];
});
afterEach(async () => {
  await rounds?.close();
  vi.useRealTimers();
});

/** Looks every second, 100 ms after it was woken, and writes down when. */
function open(quiet?: number): Poller {
  rounds = createPoller({
    clock: { monotonic: Date.now },
    poll: async () => void looks.push(Date.now()),
    interval: 1_000,
    afterWake: 100,
    ...(quiet !== undefined && { quiet }),
  });
  return rounds;
}

/** Wakes it every 20 ms. */
async function wakeFor(ms: number): Promise<void> {
  for (const end = Date.now() + ms; Date.now() < end; await vi.advanceTimersByTimeAsync(20)) rounds?.wake();
}

it('looks a moment after it was woken, however often', async () => {
  open();
  await wakeFor(90);
  await vi.advanceTimersByTimeAsync(100);
  expect(looks).toEqual([100]);
});

it('looks by itself when the interval is over, give or take a quarter', async () => {
  open().start();
  await vi.advanceTimersByTimeAsync(1_300);
  expect(looks[0]).toBe(0);
  expect(looks[1]).toBeGreaterThanOrEqual(750);
  expect(looks[1]).toBeLessThanOrEqual(1_250);
});

it('polls again at once when it was woken during a poll', async () => {
  let end = (): void => undefined;
  rounds = createPoller({
    clock: { monotonic: Date.now },
    poll: () => {
      looks.push(Date.now());
      return new Promise(resolve => {
        end = resolve;
      });
    },
    interval: 1_000,
    afterWake: 0,
  });
  rounds.wake();
  await vi.advanceTimersByTimeAsync(1);
  rounds.wake();
  await vi.advanceTimersByTimeAsync(50);
  expect(looks).toHaveLength(1);
  end();
  await vi.advanceTimersByTimeAsync(1);
  expect(looks).toHaveLength(2);
  end();
});

it('waits for quiet where it is to, and looks when that has come', async () => {
  open(50);
  await wakeFor(400);
  expect(looks).toEqual([]);
  await vi.advanceTimersByTimeAsync(150);
  expect(looks).toHaveLength(1);
});

it('waits for quiet no longer than the interval', async () => {
  open(50);
  await wakeFor(1_200);
  expect(looks).toHaveLength(1);
});

it('looks no more once it is closed', async () => {
  const closing = open();
  closing.start();
  await closing.close();
  closing.wake();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(looks).toEqual([]);
});
