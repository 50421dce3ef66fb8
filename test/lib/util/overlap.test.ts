import { describe, expect, it } from 'vitest';
import { overlap } from '../../../lib/util/overlap.js';

async function* numbers(upTo: number, failure?: Error): AsyncGenerator<number> {
  for (let n = 1; n <= upTo; n++) yield n;
  if (failure) throw failure;
}

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

/** Work that ends when it is told to. */
function open() {
  const ends = new Map<number, { resolve(): void; reject(reason: Error): void }>();
  const begun: number[] = [];
  const work = (n: number): Promise<void> => {
    begun.push(n);
    return new Promise((resolve, reject) => ends.set(n, { resolve, reject }));
  };
  return {
    begun,
    work,
    end: (n: number) => ends.get(n)?.resolve(),
    fail: (n: number, reason: Error) => ends.get(n)?.reject(reason),
  };
}

describe('work that overlaps', () => {
  it('begins in order, with three under way at the most', async () => {
    const { begun, work, end } = open();
    const all = overlap(numbers(5), work);
    await turn();
    expect(begun).toEqual([1, 2, 3]);
    end(1);
    await turn();
    expect(begun).toEqual([1, 2, 3, 4]);
    end(3);
    await turn();
    expect(begun).toEqual([1, 2, 3, 4]);
    for (const n of [2, 4]) end(n);
    await turn();
    expect(begun).toEqual([1, 2, 3, 4, 5]);
    end(5);
    await all;
  });

  it('begins nothing more after a failure, tells it, and waits for what was begun', async () => {
    const { begun, work, end, fail } = open();
    let isOver = false;
    const all = overlap(numbers(9), work).finally(() => {
      isOver = true;
    });
    const told = expect(all).rejects.toThrow('first');
    await turn();
    fail(2, new Error('second'));
    fail(1, new Error('first'));
    await turn();
    expect([isOver, begun]).toEqual([false, [1, 2, 3]]);
    end(3);
    await told;
  });

  it.each([1, 4])('tells what the last of %i fails with', async count => {
    await expect(
      overlap(numbers(count), async n => {
        if (n === count) throw new Error('last');
      }),
    ).rejects.toThrow('last');
  });

  it('lets what was begun come to its end when the source fails', async () => {
    const { work, end } = open();
    let isOver = false;
    const all = overlap(numbers(2, new Error('no more')), work).finally(() => {
      isOver = true;
    });
    const told = expect(all).rejects.toThrow('no more');
    await turn();
    expect(isOver).toBe(false);
    end(1);
    end(2);
    await told;
  });
});
