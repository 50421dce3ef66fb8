import type { Context } from 'hono';
import { type BodyBudget, bodyBudget } from './body-budget.js';
import type { Env } from './function.js';

/** The chunks as one. */
function joined(chunks: readonly Uint8Array[], size: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}

/**
 * Reads the body of a request whose sender only the body proves, within what all such bodies may take together, and
 * gives its room back once `use` has ended.
 * @param use works with the whole body, until it is proven or refused
 * @throws KillswitchError `busy` where there is no room; whatever `use` throws
 */
export async function withUnprovenBody<T>(
  c: Context<Env>,
  use: (body: Uint8Array<ArrayBuffer>) => Promise<T>,
  budget: BodyBudget = bodyBudget,
): Promise<T> {
  const reader = (c.req.raw.body as ReadableStream<Uint8Array> | null)?.getReader();
  if (!reader) return use(new Uint8Array());
  let drop = (): void => undefined;
  // The rest is not cancelled: on Node that closes the connection before the answer.
  const dropped = new Promise<{ readonly done: true; readonly value?: undefined }>(resolve => {
    drop = () => resolve({ done: true });
  });
  const hold = budget.open(c.get('source'), () => drop());
  try {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), dropped]);
      if (done) break;
      hold.add(value.length);
      chunks.push(value);
      size += value.length;
    }
    hold.complete();
    return await use(joined(chunks, size));
  } finally {
    hold.release();
  }
}
