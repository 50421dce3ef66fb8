import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';
import type { Env } from '../http/function.js';
import { limitConnections } from './connection-limit.js';
import { deferAnonymous } from './defer-anonymous.js';

export type App = Pick<Hono<Env>, 'fetch'>;

/** Bounds for clients that open connections and send nothing, so that there are connections left for a kill. */
const TIMEOUTS = {
  headersTimeout: 3_000,
  requestTimeout: 5_000,
  connectionsCheckingInterval: 500,
  keepAliveTimeout: 2_000,
};
/** Milliseconds; well above the deadline for answers. */
const LONGEST_ANSWER = 15_000;
const FALLBACK_DESCRIPTORS = 1_024;
/** Descriptors that the port leaves to the socket. */
const RESERVE = 32;
const MOST_ON_SOCKET = 64;
/**
 * The most for any number of descriptors. A connection that does not read its answer holds up to about 200 KiB before it
 * is closed, so these hold at most 200 MiB. More are not needed: a kill takes milliseconds.
 */
const MOST_AT_PORT = 1_024;
/** The share of one address; once the port is full, addresses above it lose connections first. */
const SHARE_OF_NETWORK = 1 / 4;
const LEAST_OF_NETWORK = 16;
/** Connections that the system queues until they are accepted; if the queue is full, clients retry after a second. */
const BACKLOG = 4_096;

/** How many file descriptors this process may open. */
function descriptors(): number {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
    if (soft) return Number(soft);
  } catch {
    // Not Linux.
  }
  return FALLBACK_DESCRIPTORS;
}

/**
 * How many connections each listener accepts at a time. The socket has a share that the port cannot use up, and about
 * half of the descriptors are left for the engine, the store and cgroups.
 */
export function connectionLimits(limit = descriptors()): { readonly port: number; readonly socket: number } {
  return {
    port: Math.min(MOST_AT_PORT, Math.max(16, Math.floor(limit / 2) - RESERVE)),
    socket: Math.max(4, Math.min(MOST_ON_SOCKET, Math.floor(limit / 4))),
  };
}

export function createServer(app: App, maxConnections: number): Server {
  const server = createAdaptorServer({ fetch: app.fetch, serverOptions: TIMEOUTS }) as Server;
  deferAnonymous(server);
  const mostOfNetwork = Math.max(LEAST_OF_NETWORK, Math.floor(maxConnections * SHARE_OF_NETWORK));
  limitConnections(server, { most: maxConnections, mostOfNetwork });
  return server;
}

/** Accepts no new requests and resolves when those in flight are answered, or their clients did not read in time. */
export async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), LONGEST_ANSWER);
  await closed;
  clearTimeout(timer);
}

export interface Listening {
  readonly url: string;
  close(): Promise<void>;
}

/** @throws Error of node:net, such as `EADDRINUSE` */
export async function listen(
  app: App,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<Listening> {
  const server = createServer(app, connectionLimits().port);
  server.listen({ port, host, backlog: BACKLOG });
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return { url: `http://${name}:${address.port}`, close: () => closeServer(server) };
}
