import type { Context, MiddlewareHandler } from 'hono';
import { KillswitchError } from '../../lib/domain/errors.js';
import type { Env } from './function.js';

/**
 * The same body, read only when it is asked for: a sender is known before anything of what he sends is kept. It is not
 * cancelled where it is too large, for on Node that closes the connection before the answer.
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

/** Of a request to the API. */
export const MAX_BODY_BYTES = 64 * 1024;

export const tooLarge = (maxSize: number): KillswitchError =>
  new KillswitchError('body_too_large', `The body may have at most ${maxSize} bytes`);

/** Refuses a body of more bytes: at once where its length is declared, or else when so many were read. */
export function limitBody(maxSize: number): MiddlewareHandler<Env> {
  function count(c: Context<Env>): void {
    const body = c.req.raw.body as ReadableStream<Uint8Array> | null;
    if (!body) return;
    const init = { body: counted(body, maxSize), duplex: 'half' };
    c.req.raw = new Request(c.req.raw, init as RequestInit);
  }

  return (c, next) => {
    const length = c.req.header('content-length');
    // Node holds a body to the length that it declares. To count it, most of a request's time would go into a Request.
    if (length === undefined || c.req.header('transfer-encoding') !== undefined) count(c);
    else if (Number(length) > maxSize) throw tooLarge(maxSize);
    return next();
  };
}
