import { request } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** `fetch` over a unix socket, as far as the client needs it; ignores the URL's host. */
export const socketFetch =
  (socketPath: string): typeof globalThis.fetch =>
  (input, { method = 'GET', headers, body, signal } = {}) => {
    const { pathname, search } = new URL(String(input));
    const content = typeof body === 'string' ? body : '';
    // Without content-length Node sends no framed body with a DELETE.
    const length = String(Buffer.byteLength(content));
    const named = { ...Object.fromEntries(new Headers(headers)), 'content-length': length };
    return new Promise((resolve, reject) => {
      const fail = (cause: unknown): void =>
        reject(signal?.aborted ? signal.reason : new TypeError('fetch failed', { cause }));
      const asked = request(
        { socketPath, path: pathname + search, method, headers: named, ...(signal && { signal }) },
        response => {
          const { statusCode: status = 500, headers: answered } = response;
          const type = answered['content-type'];
          buffer(response).then(
            bytes =>
              resolve(new Response(bytes, { status, ...(type && { headers: { 'content-type': type } }) })),
            fail,
          );
        },
      );
      asked.once('error', fail);
      asked.end(content);
    });
  };
