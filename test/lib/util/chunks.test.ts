import { expect, it } from 'vitest';
import { chunks, inChunks } from '../../../lib/util/chunks.js';

it('cuts a list into parts of at most the given size', () => {
  expect(chunks([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
  expect(chunks([1, 2], 2)).toEqual([[1, 2]]);
  expect(chunks([], 2)).toEqual([]);
});

it('processes one chunk after another and returns the results in the order of the items', async () => {
  const seen: string[] = [];
  const results = await inChunks([1, 2, 3], 2, async chunk => {
    seen.push(`begin ${chunk}`);
    await undefined;
    seen.push(`end ${chunk}`);
    return chunk.map(one => one * 10);
  });
  expect(results).toEqual([10, 20, 30]);
  expect(seen).toEqual(['begin 1,2', 'end 1,2', 'begin 3', 'end 3']);
});

it('stops at the first chunk that fails', async () => {
  const seen: number[] = [];
  const work = async ([first = 0]: readonly number[]) => {
    seen.push(first);
    throw new Error('no answer');
  };
  await expect(inChunks([1, 2], 1, work)).rejects.toThrow('no answer');
  expect(seen).toEqual([1]);
});
