import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';
import type { Env } from './function.js';

/** Against clients that open connections and say nothing: they must not use up what a kill needs. */
const TIMEOUTS = {
  headersTimeout: 3_000,
  requestTimeout: 5_000,
  connectionsCheckingInterval: 500,
  keepAliveTimeout: 2_000,
};
const FALLBACK_DESCRIPTORS = 1_024;

/** Half of the file descriptors that this process may have: the rest is for the engine, the store and cgroups. */
function maxConnections(): number {
  let limit = FALLBACK_DESCRIPTORS;
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
    if (soft) limit = Number(soft);
  } catch {
    // Not Linux.
  }
  return Math.max(16, Math.floor(limit / 2));
}

export interface Listening {
  readonly url: string;
  /** Takes no new requests and resolves when those in flight are answered. */
  close(): Promise<void>;
}

/** @throws Error of node:net, such as `EADDRINUSE` */
export async function listen(
  app: Pick<Hono<Env>, 'fetch'>,
  { host, port }: { host: string; port: number },
): Promise<Listening> {
  const server = createAdaptorServer({ fetch: app.fetch, serverOptions: TIMEOUTS }) as Server;
  server.maxConnections = maxConnections();
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return {
    url: `http://${name}:${address.port}`,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeIdleConnections();
      await closed;
    },
  };
}
