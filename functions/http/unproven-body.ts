import type { Context } from 'hono';
import { type BodyBudget, bodyBudget } from './body-budget.js';
import type { Env } from './function.js';

/** Concatenates the chunks. */
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
 * Reads the body of a request whose sender can only be verified with the body, within the budget for such bodies. The
 * bytes are given back when `use` has ended.
 * @param use verifies and reads the whole body
 * @throws KillswitchError `busy` if there is no room; what `use` throws
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
