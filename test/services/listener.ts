import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterFile } from './registry.js';

export interface Delivery {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Listener {
  readonly url: string;
  /** All that came in, in that order; taken or not. */
  readonly got: Delivery[];
  /** What it does from now on; 204 unless told. */
  answer(how: (delivery: Delivery, response: ServerResponse) => void): void;
  /** Refuses connections until it listens again. */
  down(): Promise<void>;
  up(): Promise<void>;
}

/** Somebody who listens for webhooks, on a port of its own. */
export async function openListener(): Promise<Listener> {
  const got: Delivery[] = [];
  let how: Parameters<Listener['answer']>[0] = (_, response) => void response.writeHead(204).end();
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', chunk => {
      body += chunk;
    });
    request.on('end', () => {
      const delivery = { path: request.url ?? '', headers: request.headers, body };
      got.push(delivery);
      how(delivery, response);
    });
  });
  const listen = async (port: number): Promise<void> => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const down = async (): Promise<void> => {
    if (!server.listening) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  afterFile(down);
  return {
    url: `http://127.0.0.1:${port}`,
    got,
    answer(next) {
      how = next;
    },
    down,
    up: () => listen(port),
  };
}
