import { type Duplex, duplexPair } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type App, createServer } from './listen.js';

const CONNECTIONS = 4;

/** Serves an app to this process alone. */
export interface RehearsalServer {
  /** One request, as it goes over the connection, with `connection: close`. Resolves when it is answered. */
  ask(request: string): Promise<void>;
}

/**
 * Serves over streams in memory: a socket of the system would have a file, and a disk that does not answer would hold up
 * the whole process when that file is removed.
 */
export function createRehearsalServer(app: App): RehearsalServer {
  const server = createServer(app, CONNECTIONS);
  server.prependListener('connection', givePeer);
  return {
    async ask(request) {
      const [client, connection] = duplexPair();
      server.emit('connection', connection);
      client.write(request);
      await text(client);
    },
  };
}

/** A client of the network has an address, which is looked at in several places. */
function givePeer(socket: Duplex): void {
  Object.defineProperty(socket, 'remoteAddress', { value: '127.0.0.1', configurable: true });
}
