import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';

/** Requests that may wait while connections still arrive. */
const MOST = 512;
/** Paths whose callers sign the body, or need no credential. */
const WITHOUT = /^\/(?:hooks|chatops|links|healthz|readyz|metrics)(?:[/?]|$)/;

const showsNothing = ({ headers, url = '' }: IncomingMessage): boolean =>
  headers.authorization === undefined && !WITHOUT.test(url);

/**
 * Serves requests with a credential first. Requests that should have one and have none wait, and are served one in each
 * turn of the event loop, so that many at once (slow clients that reconnect together) do not delay the others.
 */
export function deferAnonymous(server: Server): void {
  const [handle] = server.listeners('request') as RequestListener[];
  if (!handle) return;
  const waiting: (readonly [IncomingMessage, ServerResponse])[] = [];
  /** Whether a connection arrived since the last turn. */
  let hasComeIn = false;

  /**
   * Serves one request, unless connections still arrive: Node accepts only one connection in a turn too, and one with a
   * credential may be behind hundreds.
   */
  function serve(): void {
    if (hasComeIn && waiting.length <= MOST) {
      hasComeIn = false;
      setImmediate(serve);
      return;
    }
    const next = waiting.shift();
    if (waiting.length > 0) setImmediate(serve);
    if (!next) return;
    const [request, response] = next;
    if (!response.destroyed && !request.socket?.destroyed) handle?.(request as never, response as never);
  }

  server.on('connection', () => {
    hasComeIn = true;
  });
  server.removeListener('request', handle);
  server.on('request', (request, response) => {
    // The connection limit has closed it; its pipelined requests are parsed nevertheless.
    if (request.socket?.destroyed) return;
    if (!showsNothing(request)) {
      handle(request as never, response as never);
      return;
    }
    if (waiting.push([request, response]) === 1) setImmediate(serve);
  });
}
