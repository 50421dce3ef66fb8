import { describe, expect, it } from 'vitest';
import { readLimitedText, TooLargeError } from '../../../lib/util/read-limited-text.js';

/** Gives these chunks one by one, and tells how many were asked for, and whether it was told to stop. */
function chunked(chunks: readonly Uint8Array[], headers: Record<string, string> = {}) {
  const seen = { given: 0, cancelled: false };
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const chunk = chunks[seen.given++];
        if (chunk) controller.enqueue(chunk);
        else controller.close();
      },
      cancel() {
        seen.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { seen, response: new Response(body, { headers }) };
}
const bytes = (text: string) => new TextEncoder().encode(text);

describe('an answer that is read up to a number of bytes', () => {
  it('is read whole where it has just so many, a character cut between two chunks too', async () => {
    const [first, rest] = [bytes('aé').subarray(0, 2), bytes('aé').subarray(2)];
    expect(await readLimitedText(chunked([first, rest]).response, 3)).toBe('aé');
  });

  it('is empty without a body', async () => {
    expect(await readLimitedText(new Response(null), 3)).toBe('');
  });

  it('is left as soon as there are more, and nothing more of it is asked for', async () => {
    const { seen, response } = chunked(Array.from({ length: 100 }, () => bytes('ab')));
    await expect(readLimitedText(response, 3)).rejects.toThrow(TooLargeError);
    expect(seen).toEqual({ given: 2, cancelled: true });
  });

  it('is not begun with where it declares more', async () => {
    const { seen, response } = chunked([bytes('ab')], { 'content-length': '4' });
    await expect(readLimitedText(response, 3)).rejects.toThrow('The answer has more than 3 bytes');
    expect(seen).toEqual({ given: 0, cancelled: true });
  });

  it('is left, where it declares more and has no body', async () => {
    const response = new Response(null, { headers: { 'content-length': '4' } });
    await expect(readLimitedText(response, 3)).rejects.toThrow(TooLargeError);
  });
});
