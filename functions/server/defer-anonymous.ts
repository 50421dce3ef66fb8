import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';

/** So many may wait while others still come in. */
const MOST = 512;
/** Paths whose callers sign what they send, or have no credential to show. */
const WITHOUT = /^\/(?:hooks|chatops|links|healthz|readyz|metrics)(?:[/?]|$)/;

const showsNothing = ({ headers, url = '' }: IncomingMessage): boolean =>
  headers.authorization === undefined && !WITHOUT.test(url);

/**
 * Lets those who show a credential go before those who show none where they should: many who come at once with
 * nothing, as slow clients do when they are thrown out together, take a little of each turn and no more.
 */
export function giveCredentialsPrecedence(server: Server): void {
  const [handle] = server.listeners('request') as RequestListener[];
  if (!handle) return;
  const waiting: (readonly [IncomingMessage, ServerResponse])[] = [];
  /** Since the last turn. */
  let hasComeIn = false;

  /**
   * One in each turn of the event loop, and none while connections still come in: there, too, each turn takes but one,
   * and the one that matters may be behind hundreds.
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
    // It asked too much and was closed; what else it had sent at once is parsed all the same.
    if (request.socket?.destroyed) return;
    if (!showsNothing(request)) {
      handle(request as never, response as never);
      return;
    }
    if (waiting.push([request, response]) === 1) setImmediate(serve);
  });
}
