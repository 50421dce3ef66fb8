import type { Context, MiddlewareHandler } from 'hono';
import { KillswitchError } from '../../lib/domain/errors.js';
import type { Env } from './function.js';

/**
 * The same body, counted while it is read. Nothing is read ahead, so nothing is kept before the sender is verified. A
 * body that is too large is not cancelled: on Node that would close the connection before the answer is sent.
 */
function counted(body: ReadableStream<Uint8Array>, maxSize: number): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let size = 0;
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) return controller.close();
      size += value.length;
      if (size > maxSize) return controller.error(tooLarge(maxSize));
      controller.enqueue(value);
    },
    cancel: reason => reader.cancel(reason),
  });
}

/** The limit for requests to the API. */
export const MAX_BODY_BYTES = 64 * 1024;

export const tooLarge = (maxSize: number): KillswitchError =>
  new KillswitchError('body_too_large', `The body may have at most ${maxSize} bytes`);

/** Refuses a larger body: at once if its length is declared, otherwise as soon as more bytes were read. */
export function limitBody(maxSize: number): MiddlewareHandler<Env> {
  function count(c: Context<Env>): void {
    const body = c.req.raw.body as ReadableStream<Uint8Array> | null;
    if (!body) return;
    const init = { body: counted(body, maxSize), duplex: 'half' };
    c.req.raw = new Request(c.req.raw, init as RequestInit);
  }

  return (c, next) => {
    const length = c.req.header('content-length');
    // Node enforces the declared length. Counting needs a new Request, which would take most of the request's time.
    if (length === undefined || c.req.header('transfer-encoding') !== undefined) count(c);
    else if (Number(length) > maxSize) throw tooLarge(maxSize);
    return next();
  };
}
