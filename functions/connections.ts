import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

/**
 * Keeps at most so many connections. One more takes the place of whichever has gone longest without a whole request,
 * so that those who open connections and say half a word keep nobody out; only where all are being answered, it is
 * the new one that goes.
 */
export function limitConnections(server: Server, most: number): void {
  const open = new Set<Socket>();
  /** Those that nobody works for, oldest first. */
  const waiting = new Set<Socket>();
  const forget = (socket: Socket): void => {
    open.delete(socket);
    waiting.delete(socket);
  };

  server.on('connection', (socket: Socket) => {
    open.add(socket);
    waiting.add(socket);
    socket.once('close', () => forget(socket));
    if (open.size <= most) return;
    const [oldest = socket] = waiting;
    // Its descriptor is free at once, its `close` comes later.
    forget(oldest);
    oldest.destroy();
  });
  server.on('request', (request, response) => {
    const { socket } = request;
    const start = (): void => void waiting.delete(socket);
    if (hasBody(request)) request.once('end', start);
    else start();
    response.once('close', () => {
      if (open.has(socket)) waiting.add(socket);
    });
  });
}
