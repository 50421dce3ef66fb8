import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type Duplex, duplexPair } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type App, closeServer, createServer } from './listen.js';

const CONNECTIONS = 4;
const PREFIX = 'rehearsal-';
/** Milliseconds after which a folder is that of a process that was killed during a rehearsal. */
const LONGEST = 10 * 60_000;

/** Serves an app to this process alone. */
export interface RehearsalServer {
  /** One request, as it goes over the connection, with `connection: close`. Resolves when it is answered. */
  ask(request: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * Serves on a socket in a directory of its own with mode 0700, in the state directory: Node parses what comes from the system by other code
 * than what comes from a stream in memory. Where no such directory can be made, in memory all the same.
 */
export async function openRehearsalServer(app: App, stateDirectory: string): Promise<RehearsalServer> {
  const server = createServer(app, CONNECTIONS);
  server.prependListener('connection', givePeer);
  const folder = makeFolder(stateDirectory);
  try {
    if (folder === undefined) return inMemory(server);
    const path = join(folder, 'socket');
    server.listen(path);
    await once(server, 'listening');
    return {
      async ask(request) {
        const client = connect(path);
        client.write(request);
        await text(client);
      },
      async close() {
        await closeServer(server);
        rmSync(folder, { recursive: true, force: true });
      },
    };
  } catch {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    return inMemory(server);
  }
}

/** A client of the network has an address, which is looked at in several places. */
function givePeer(socket: Duplex): void {
  Object.defineProperty(socket, 'remoteAddress', { value: '127.0.0.1', configurable: true });
}

function makeFolder(stateDirectory: string): string | undefined {
  try {
    for (const name of readdirSync(stateDirectory)) {
      const path = join(stateDirectory, name);
      if (name.startsWith(PREFIX) && statSync(path).mtimeMs < Date.now() - LONGEST)
        rmSync(path, { recursive: true, force: true });
    }
    return mkdtempSync(join(stateDirectory, PREFIX));
  } catch {
    return undefined;
  }
}

const inMemory = (server: Server): RehearsalServer => ({
  async ask(request) {
    const [client, connection] = duplexPair();
    server.emit('connection', connection);
    client.write(request);
    await text(client);
  },
  close: async () => undefined,
});
